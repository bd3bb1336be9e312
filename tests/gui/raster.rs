//! The software renderer against pixels worked out by hand.

use std::time::Duration;

use eframe::egui::epaint::{ClippedPrimitive, ImageDelta, Mesh, Primitive, Vertex};
use eframe::egui::{
    self, Color32, ColorImage, Pos2, Rect, TextureId, TextureOptions, TexturesDelta, UiBuilder, pos2, vec2,
};
use egui_kittest::{Harness, TestRenderer, kittest::Queryable};
use image::{Rgba, RgbaImage};

use crate::support::{BACKGROUND, Screen, run_until, save_png};

const WHITE: TextureId = TextureId::User(0);
const PICTURE: TextureId = TextureId::User(1);
/// Red, green / blue, white.
const QUARTERS: [Color32; 4] = [Color32::RED, Color32::GREEN, Color32::BLUE, Color32::WHITE];
const UNIT: Rect = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));

fn rect(left: f32, top: f32, right: f32, bottom: f32) -> Rect {
    Rect::from_min_max(pos2(left, top), pos2(right, bottom))
}

fn upload(screen: &mut Screen, id: TextureId, delta: ImageDelta) {
    let mut deltas = TexturesDelta::default();
    deltas.push(id, delta);
    screen.handle_delta(&mut deltas);
}

/// A screen with a white texel, as egui's font texture has one.
fn screen() -> Screen {
    let mut screen = Screen::default();
    upload(&mut screen, WHITE, ImageDelta::full(ColorImage::filled([1, 1], Color32::WHITE), TextureOptions::LINEAR));
    screen
}

fn screen_with(size: [usize; 2], pixels: &[Color32], options: TextureOptions) -> Screen {
    let mut screen = screen();
    upload(&mut screen, PICTURE, ImageDelta::full(ColorImage::new(size, pixels.to_vec()), options));
    screen
}

fn blank(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_pixel(width, height, BACKGROUND)
}

fn paint(screen: &Screen, image: &mut RgbaImage, mesh: Mesh, clip_rect: Rect, pixels_per_point: f32) {
    screen.paint(image, &[ClippedPrimitive { clip_rect, primitive: Primitive::Mesh(mesh) }], pixels_per_point);
}

fn filled(area: Rect, colour: Color32) -> Mesh {
    let mut mesh = Mesh::with_texture(WHITE);
    mesh.add_colored_rect(area, colour);
    mesh
}

/// The whole picture over `area`, from `uv.min` to `uv.max`.
fn pictured(area: Rect, uv: Rect) -> Mesh {
    let mut mesh = Mesh::with_texture(PICTURE);
    mesh.add_rect_with_uv(area, uv, Color32::WHITE);
    mesh
}

/// The red channel of a row.
fn reds(image: &RgbaImage, row: u32) -> Vec<u8> {
    (0..image.width()).map(|column| image.get_pixel(column, row)[0]).collect()
}

#[test]
fn a_rect_fills_the_pixels_whose_centres_it_holds() {
    let mut image = blank(6, 4);
    // Centres 1.5 and 2.5 are in, the one on the right edge at 3.5 is not; the same downwards.
    paint(&screen(), &mut image, filled(rect(1.5, 0.5, 3.5, 2.5), Color32::from_rgb(9, 8, 7)), Rect::EVERYTHING, 1.0);
    for (column, row, pixel) in image.enumerate_pixels() {
        let inside = (1..3).contains(&column) && (0..2).contains(&row);
        assert_eq!(*pixel, if inside { Rgba([9, 8, 7, 255]) } else { BACKGROUND }, "at {column}, {row}");
    }
}

#[test]
fn colours_blend_premultiplied_in_gamma_space() {
    let mut image = RgbaImage::from_pixel(1, 1, Rgba([200, 200, 200, 255]));
    let half_red = Color32::from_rgba_premultiplied(100, 0, 0, 128);
    paint(&screen(), &mut image, filled(UNIT, half_red), Rect::EVERYTHING, 1.0);
    // 200 (1 - 128/255) = 99.6
    assert_eq!(*image.get_pixel(0, 0), Rgba([200, 100, 100, 255]));
    // Alpha 0 adds, and stops at white.
    let glow = Color32::from_rgba_premultiplied(90, 20, 0, 0);
    paint(&screen(), &mut image, filled(UNIT, glow), Rect::EVERYTHING, 1.0);
    assert_eq!(*image.get_pixel(0, 0), Rgba([255, 120, 100, 255]));
}

#[test]
fn clip_rects_are_rounded_to_pixels() {
    let mut image = blank(8, 1);
    let clip = rect(0.7, -5.0, 2.2, 99.0);
    paint(&screen(), &mut image, filled(rect(-9.0, -9.0, 99.0, 99.0), Color32::RED), clip, 2.0);
    // 1.4 rounds to 1 and 4.4 to 4.
    assert_eq!(reds(&image, 0), [0, 255, 255, 255, 0, 0, 0, 0]);
}

#[test]
fn nearest_texels_keep_their_colours() {
    let screen = screen_with([2, 2], &QUARTERS, TextureOptions::NEAREST);
    let mut image = blank(6, 6);
    paint(&screen, &mut image, pictured(rect(0.0, 0.0, 3.0, 3.0), UNIT), Rect::EVERYTHING, 2.0);
    for (column, row, pixel) in image.enumerate_pixels() {
        let quarter = QUARTERS[(row / 3 * 2 + column / 3) as usize];
        assert_eq!(pixel.0, quarter.to_array(), "at {column}, {row}");
    }
}

#[test]
fn linear_texels_mix_between_their_centres() {
    let texels = [Color32::BLACK, Color32::from_gray(200)];
    let screen = screen_with([2, 1], &texels, TextureOptions::LINEAR);
    let mut image = blank(4, 1);
    paint(&screen, &mut image, pictured(rect(0.0, 0.0, 4.0, 1.0), UNIT), Rect::EVERYTHING, 1.0);
    assert_eq!(reds(&image, 0), [0, 50, 150, 200]);
}

#[test]
fn minification_and_magnification_have_their_own_filters() {
    let texels = [Color32::BLACK, Color32::from_gray(200)];
    let options = TextureOptions { magnification: egui::TextureFilter::Nearest, ..TextureOptions::LINEAR };
    let screen = screen_with([2, 1], &texels, options);
    let mut image = blank(5, 1);
    paint(&screen, &mut image, pictured(rect(0.0, 0.0, 4.0, 1.0), UNIT), Rect::EVERYTHING, 1.0);
    paint(&screen, &mut image, pictured(rect(4.0, 0.0, 5.0, 1.0), UNIT), Rect::EVERYTHING, 1.0);
    // Four pixels per picture show its texels, one pixel shows their mean.
    assert_eq!(reds(&image, 0), [0, 0, 200, 200, 100]);
}

#[test]
fn textures_wrap_as_asked() {
    let texels = [Color32::from_gray(10), Color32::from_gray(20), Color32::from_gray(30)];
    for (options, expected) in [
        (TextureOptions::NEAREST, [10, 10, 10, 10, 20, 30, 30, 30, 30]),
        (TextureOptions::NEAREST_REPEAT, [10, 20, 30, 10, 20, 30, 10, 20, 30]),
        (TextureOptions::NEAREST_MIRRORED_REPEAT, [30, 20, 10, 10, 20, 30, 30, 20, 10]),
    ] {
        let mut image = blank(9, 1);
        let mesh = pictured(rect(0.0, 0.0, 9.0, 1.0), rect(-1.0, 0.0, 2.0, 1.0));
        paint(&screen_with([3, 1], &texels, options), &mut image, mesh, Rect::EVERYTHING, 1.0);
        assert_eq!(reds(&image, 0), expected, "{options:?}");
    }
}

#[test]
fn a_patch_replaces_its_texels_only() {
    let mut screen = screen_with([3, 2], &[Color32::from_gray(1); 6], TextureOptions::NEAREST);
    let patch = ColorImage::new([2, 1], vec![Color32::from_gray(7), Color32::from_gray(8)]);
    upload(&mut screen, PICTURE, ImageDelta::partial([1, 1], patch, TextureOptions::NEAREST));
    let mut image = blank(3, 2);
    paint(&screen, &mut image, pictured(rect(0.0, 0.0, 3.0, 2.0), UNIT), Rect::EVERYTHING, 1.0);
    assert_eq!([reds(&image, 0), reds(&image, 1)], [[1, 1, 1], [1, 7, 8]]);
}

#[test]
fn vertex_colours_run_across() {
    let mut mesh = Mesh::with_texture(WHITE);
    mesh.colored_vertex(pos2(0.0, 0.0), Color32::BLACK);
    mesh.colored_vertex(pos2(4.0, 0.0), Color32::from_gray(200));
    mesh.colored_vertex(pos2(0.0, 2.0), Color32::BLACK);
    mesh.colored_vertex(pos2(4.0, 2.0), Color32::from_gray(200));
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(1, 2, 3);
    let mut image = blank(4, 2);
    paint(&screen(), &mut image, mesh, Rect::EVERYTHING, 1.0);
    assert_eq!([reds(&image, 0), reds(&image, 1)], [[25, 75, 125, 175]; 2]);
}

/// Triangles around a common corner: their shared edges must neither be blended twice nor left out.
#[test]
fn neighbours_share_no_pixel_and_leave_none_out() {
    let one = Color32::from_rgba_premultiplied(1, 0, 0, 0);
    let (width, height) = (23.0, 17.0);
    for step in 0..200 {
        // Quarter pixels, so that many edges run through pixel centres; both winding orders occur.
        let centre = pos2((step * 7 % 92) as f32 / 4.0, (step * 11 % 68) as f32 / 4.0);
        let corners = [pos2(0.0, 0.0), pos2(width, 0.0), pos2(width, height), pos2(0.0, height)];
        let mut mesh = Mesh::with_texture(WHITE);
        mesh.vertices.extend(corners.into_iter().chain([centre]).map(|at| Vertex::untextured(at, one)));
        for [a, b] in [[0, 1], [2, 1], [2, 3], [0, 3]] {
            mesh.add_triangle(a, b, 4);
        }
        let mut image = blank(width as u32, height as u32);
        paint(&screen(), &mut image, mesh, Rect::EVERYTHING, 1.0);
        assert!(image.pixels().all(|pixel| pixel[0] == 1), "with the common corner at {centre:?}");
    }
}

#[test]
fn absurd_corners_do_no_harm() {
    let mut image = blank(3, 3);
    let mut mesh = filled(rect(-1e30, -1e30, 1e30, f32::INFINITY), Color32::RED);
    mesh.append(filled(rect(0.0, f32::NAN, 3.0, 3.0), Color32::BLUE));
    mesh.append(filled(rect(1.0, 0.0, 1.0, 3.0), Color32::BLUE));
    paint(&screen(), &mut image, mesh, Rect::EVERYTHING, 1.0);
    assert!(image.pixels().all(|pixel| *pixel == Rgba([255, 0, 0, 255])));
}

/// A window with a blue panel and one label.
fn labelled(pixels_per_point: f32) -> (Screen, Harness<'static>) {
    let screen = Screen::default();
    let harness = Harness::builder()
        .with_size(vec2(120.0, 60.0))
        .with_pixels_per_point(pixels_per_point)
        .renderer(screen.clone())
        .build_ui(|ui| {
            let all = ui.ctx().content_rect();
            ui.painter().with_clip_rect(all).rect_filled(all, 0.0, Color32::from_rgb(10, 20, 90));
            let place = UiBuilder::new().max_rect(rect(20.0, 20.0, 110.0, 50.0));
            ui.scope_builder(place, |ui| ui.colored_label(Color32::WHITE, "Sensitivity"));
        });
    (screen, harness)
}

#[test]
fn a_window_shows_its_panel_and_its_text() {
    for pixels_per_point in [1.0, 2.0] {
        let (screen, harness) = labelled(pixels_per_point);
        let image = screen.picture(&harness);
        let label = harness.get_by_label("Sensitivity").rect().expand(1.0) * pixels_per_point;
        assert_eq!(image.dimensions(), ((120.0 * pixels_per_point) as u32, (60.0 * pixels_per_point) as u32));
        let is_panel = |pixel: &Rgba<u8>| *pixel == Rgba([10, 20, 90, 255]);
        let inside = |column: u32, row: u32| label.contains(pos2(column as f32, row as f32));
        let outside = image.enumerate_pixels().filter(|(column, row, _)| !inside(*column, *row));
        assert!(outside.into_iter().all(|(.., pixel)| is_panel(pixel)), "text leaves its label");
        let bright = image.pixels().filter(|pixel| pixel[0] > 200).count();
        // A stem of a letter is about one point wide and six high; the word has more than ten.
        assert!(bright as f32 > 40.0 * pixels_per_point, "{bright} bright pixels are no text");
    }
}

#[test]
fn a_picture_outlives_its_texture_by_the_frame_that_shows_it() {
    let screen = Screen::default();
    let mut harness = Harness::builder().with_size(vec2(10.0, 10.0)).renderer(screen.clone()).build_ui(|ui| {
        let pixels = ColorImage::filled([1, 1], Color32::GREEN);
        let texture = ui.ctx().load_texture("shown once", pixels, TextureOptions::NEAREST);
        let painter = ui.painter().with_clip_rect(Rect::EVERYTHING);
        painter.image(texture.id(), rect(2.0, 2.0, 8.0, 8.0), UNIT, Color32::WHITE);
    });
    harness.step();
    assert_eq!(screen.picture(&harness).get_pixel(5, 5).0, Color32::GREEN.to_array());
}

#[test]
fn waiting_ends_when_the_state_is_there() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut harness = Harness::new_ui_state(
        move |ui, heard: &mut bool| {
            *heard |= receiver.try_recv().is_ok();
            ui.label(if *heard { "heard" } else { "silence" });
        },
        false,
    );
    let worker = std::thread::spawn(move || sender.send(()));
    run_until(&mut harness, Duration::from_secs(60), "the worker", |harness| *harness.state());
    worker.join().unwrap().unwrap();
    assert!(harness.query_by_label("heard").is_some());
}

#[test]
#[should_panic(expected = "for a label that never comes; the window shows")]
fn waiting_ends_at_the_deadline() {
    let mut harness = Harness::new_ui(|ui| drop(ui.label("here")));
    run_until(&mut harness, Duration::from_millis(20), "a label that never comes", |harness| {
        harness.query_by_label("there").is_some()
    });
}

#[test]
fn the_same_picture_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shots/a.png");
    let mut image = RgbaImage::from_fn(5, 4, |x, y| Rgba([x as u8, y as u8, 3, 255]));
    save_png(&path, &image);
    assert_eq!(image::open(&path).unwrap().to_rgba8(), image);
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    let date = || std::fs::metadata(&path).unwrap().modified().unwrap();
    save_png(&path, &image);
    assert_eq!(date(), long_ago);
    image.put_pixel(0, 0, Rgba([9; 4]));
    save_png(&path, &image);
    assert_ne!(date(), long_ago);
}
