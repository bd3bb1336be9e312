//! The software renderer: what a window would show, as a picture.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use eframe::egui::epaint::{ClippedPrimitive, Mesh, Primitive};
use eframe::egui::{Rect, TextureId, TexturesDelta, pos2};
use egui_kittest::{Harness, TestRenderer};
use image::{Rgba, RgbaImage};

use super::texture::Texture;
use super::triangle::{self, PixelRect};

/// What lies behind the panels. Opaque, so that the premultiplied result is the straight colour that PNG wants.
pub const BACKGROUND: Rgba<u8> = Rgba([0, 0, 0, 255]);

/// Receives the textures of a [`Harness`] and draws its last frame, with no window, GPU or library.
///
/// Copies share their textures: one goes into the harness, one stays with the test.
///
/// ```ignore
/// let screen = Screen::default();
/// let mut harness = Harness::builder().renderer(screen.clone()).build_eframe(|cc| App::new(cc));
/// harness.run();
/// let picture = screen.picture(&harness);
/// ```
#[derive(Clone, Default)]
pub struct Screen {
    textures: Rc<RefCell<Textures>>,
}

#[derive(Default)]
struct Textures {
    live: HashMap<TextureId, Texture>,
    /// Freed by the last frame, whose shapes may still show them.
    freed: Vec<TextureId>,
}

impl TestRenderer for Screen {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        self.textures.borrow_mut().apply(delta);
    }
}

impl Screen {
    /// The last frame of `harness`, in physical pixels.
    ///
    /// # Panics
    /// When the frame has a paint callback, which only a GPU can run.
    pub fn picture<State>(&self, harness: &Harness<'_, State>) -> RgbaImage {
        let (ctx, output) = (&harness.ctx, harness.output());
        let primitives = ctx.tessellate(output.shapes.clone(), output.pixels_per_point);
        let size = (ctx.content_rect().size() * output.pixels_per_point).round();
        let mut image = RgbaImage::from_pixel(size.x as u32, size.y as u32, BACKGROUND);
        self.paint(&mut image, &primitives, output.pixels_per_point);
        image
    }

    /// Blends `primitives`, which have positions in points, over `image`.
    ///
    /// # Panics
    /// When one is a paint callback, which only a GPU can run.
    pub fn paint(&self, image: &mut RgbaImage, primitives: &[ClippedPrimitive], pixels_per_point: f32) {
        let textures = self.textures.borrow();
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            let Primitive::Mesh(mesh) = primitive else { panic!("a paint callback needs a GPU") };
            let clip = pixel_rect(*clip_rect * pixels_per_point, image);
            textures.paint(image, &clip, mesh, pixels_per_point);
        }
    }
}

impl Textures {
    fn apply(&mut self, delta: &mut TexturesDelta) {
        for id in self.freed.drain(..) {
            self.live.remove(&id);
        }
        for (id, changes) in delta.set.drain() {
            for change in changes {
                match change.pos {
                    None => drop(self.live.insert(id, Texture::new(&change))),
                    Some(at) => self.live.get_mut(&id).expect("egui patches textures that it made").patch(at, &change),
                }
            }
        }
        self.freed.extend(delta.free.drain());
    }

    fn paint(&self, image: &mut RgbaImage, clip: &PixelRect, mesh: &Mesh, pixels_per_point: f32) {
        let Some(texture) = self.live.get(&mesh.texture_id) else {
            panic!("{:?} is drawn, but was never uploaded", mesh.texture_id)
        };
        for corners in mesh.triangles() {
            let corners = corners.map(|index| {
                let mut corner = mesh.vertices[index as usize];
                corner.pos = pos2(corner.pos.x * pixels_per_point, corner.pos.y * pixels_per_point);
                corner
            });
            triangle::fill(image, clip, texture, corners);
        }
    }
}

/// `rect`, in pixels, rounded as egui's painters round their scissor rectangle, and cut to `image`.
fn pixel_rect(rect: Rect, image: &RgbaImage) -> PixelRect {
    let range = |min: f32, max: f32, end: u32| -> Range<usize> {
        let [start, end] = [min, max].map(|at| at.round().clamp(0.0, end as f32) as usize);
        start..end.max(start)
    };
    PixelRect {
        columns: range(rect.min.x, rect.max.x, image.width()),
        rows: range(rect.min.y, rect.max.y, image.height()),
    }
}
