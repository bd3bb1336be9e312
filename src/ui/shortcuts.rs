//! Every key of the window: what it does, and the sheet that lists them.
//!
//! To add one: its [`Shortcut`], a line in [`GROUPS`], and where its button is [`Shortcut::activates`].

mod sheet;
mod shortcut;

use eframe::egui::{Key, Modifiers};

pub use sheet::Sheet;
pub use shortcut::Shortcut;
use shortcut::{command, plain, with};

const COMMAND_ALT: Modifiers = Modifiers::COMMAND.plus(Modifiers::ALT);
const COMMAND_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

/// Play or pause.
pub static PLAY: Shortcut = plain(Key::Enter, "Play, or pause").or(Key::Space);
/// Play again and again.
pub static LOOP: Shortcut = plain(Key::L, "Play in a loop");
/// Twice as wide.
pub static ZOOM_IN: Shortcut = plain(Key::Plus, "Zoom in").or(Key::Equals);
/// Half as wide.
pub static ZOOM_OUT: Shortcut = plain(Key::Minus, "Zoom out");
/// All of the recording.
pub static ZOOM_WHOLE: Shortcut = plain(Key::Num0, "Show the whole recording");
/// Just what is marked.
pub static ZOOM_SELECTION: Shortcut = plain(Key::Z, "Zoom to the selection");
/// To the left.
pub static EARLIER: Shortcut = plain(Key::ArrowLeft, "Move to the left");
/// To the right.
pub static LATER: Shortcut = plain(Key::ArrowRight, "Move to the right");
/// Mark nothing.
pub static UNMARK: Shortcut = plain(Key::Escape, "Choose one recording only, then clear the selection");

/// Use what is chosen.
pub static USE: Shortcut = plain(Key::U, "Decision: use");
/// Use what is chosen as healthy.
pub static HEALTHY: Shortcut = plain(Key::H, "Decision: healthy");
/// Use what is chosen as sick.
pub static SICK: Shortcut = plain(Key::S, "Decision: sick");
/// Leave out what is chosen.
pub static LEAVE_OUT: Shortcut = plain(Key::X, "Decision: leave out");
/// Let the policy decide about what is chosen.
pub static BY_POLICY: Shortcut = plain(Key::P, "Decision: by the policy");
/// To the recording that sounds the same.
pub static TWIN: Shortcut = plain(Key::T, "Go to the recording that sounds the same");
/// To the next recording that may be poor.
pub static NEXT_FLAGGED: Shortcut = plain(Key::F, "Next recording with a flag");
/// To the one before.
pub static PREVIOUS_FLAGGED: Shortcut = with(Modifiers::SHIFT, Key::F, "Previous recording with a flag");
/// Search the list.
pub static SEARCH: Shortcut = command(Key::F, "Search").or(Key::Slash);
/// No search and no filter.
pub static SHOW_ALL: Shortcut = plain(Key::C, "Clear search and filters");
/// Choose all that the list shows.
pub static CHOOSE_ALL: Shortcut = command(Key::A, "Choose all that are shown");
/// One more of the recordings that are chosen, or one less.
pub static TOGGLE: Shortcut = command(Key::Space, "Choose the shown one too, or not");
/// In which order.
pub static SORT: Shortcut = with(Modifiers::ALT, Key::O, "Choose the order of the recordings");
/// The filters with a menu of their own, in the order of [`Facet::ALL`](crate::data::study::filter::Facet::ALL).
pub static FACETS: [Shortcut; 5] = [
    with(Modifiers::ALT, Key::Num1, "Filter by dataset"),
    with(Modifiers::ALT, Key::Num2, "Filter by label"),
    with(Modifiers::ALT, Key::Num3, "Filter by quality"),
    with(Modifiers::ALT, Key::Num4, "Filter by decision"),
    with(Modifiers::ALT, Key::Num5, "Filter by result of the run"),
];
/// All other filters.
pub static MORE_FILTERS: Shortcut = with(Modifiers::ALT, Key::Num6, "More filters");
/// The views of Explore, in their order.
pub static VIEWS: [Shortcut; 3] = [
    plain(Key::R, "Recordings, one by one"),
    plain(Key::G, "Gallery, healthy and sick side by side"),
    plain(Key::D, "Charts of the used recordings"),
];
/// How much time each picture of the gallery spans.
pub static SPAN: Shortcut = with(Modifiers::ALT, Key::W, "Time in each picture of the gallery");
/// The numbers behind the charts.
pub static NUMBERS: Shortcut = with(Modifiers::ALT, Key::N, "All charts as numbers, and back");
/// Write the charts to files.
pub static SAVE_PICTURES: Shortcut = command(Key::P, "Save the charts");
/// Which columns the list has.
pub static COLUMNS: Shortcut = with(Modifiers::ALT, Key::C, "Choose the columns of the list");
/// Which picture.
pub static PICTURE: Shortcut = with(Modifiers::ALT, Key::P, "Choose the picture");
/// What the network is given.
pub static NETWORK_VIEW: Shortcut = plain(Key::N, "What the network sees, and back");
/// How the picture is computed.
pub static PICTURE_SETTINGS: Shortcut = with(Modifiers::ALT, Key::S, "Settings of the picture");
/// Volume and device.
pub static SOUND: Shortcut = with(Modifiers::ALT, Key::V, "Volume and sound device");

/// The panels, in the order of [`PANELS`](crate::ui::panels::PANELS).
pub static PANELS: [Shortcut; 5] = [
    command(Key::Num1, "Go to Data"),
    command(Key::Num2, "Go to Explore"),
    command(Key::Num3, "Go to Train"),
    command(Key::Num4, "Go to Evaluate"),
    command(Key::Num5, "Go to Predict"),
];
/// What can be opened and done with the study as a whole.
pub static FILE_MENU: Shortcut = with(Modifiers::ALT, Key::F, "The File menu");
/// Open datasets, a study or a run.
pub static OPEN_FOLDERS: Shortcut = command(Key::O, "Open folders");
/// Open recordings or predictions.
pub static OPEN_FILES: Shortcut = with(COMMAND_SHIFT, Key::O, "Open files");
/// Go on with a study.
pub static OPEN_STUDY: Shortcut = with(COMMAND_ALT, Key::O, "Open a study");
/// Open made-up recordings.
pub static DEMO: Shortcut = command(Key::D, "Open the demo study");
/// Give the study a name.
pub static RENAME: Shortcut = plain(Key::F2, "Rename the study");
/// Keep the study elsewhere.
pub static SAVE_STUDY: Shortcut = with(COMMAND_SHIFT, Key::S, "Keep the study in another folder");
/// Write all recordings to a table.
pub static EXPORT_TABLE: Shortcut = command(Key::E, "Export the table of recordings");
/// Close the study.
pub static CLOSE_STUDY: Shortcut = command(Key::W, "Close the study");
/// Light or dark.
pub static THEME: Shortcut = with(Modifiers::ALT, Key::T, "Light or dark");

/// The tabs of Data, in their order.
pub static DATA_TABS: [Shortcut; 4] =
    [plain(Key::O, "Overview"), plain(Key::L, "Labels"), plain(Key::Q, "Quality"), plain(Key::P, "Parts")];
/// Read what was left over.
pub static READ_REST: Shortcut = plain(Key::R, "Read the recordings that are left");
/// Stop reading, or training.
pub static STOP: Shortcut = command(Key::Period, "Stop reading, or training");
/// The settings of the tab as they were.
pub static DEFAULTS: Shortcut = plain(Key::D, "Back to the defaults of the tab");
/// Write the policy to a file.
pub static SAVE_POLICY: Shortcut = command(Key::S, "Save the policy");
/// Take the policy of a file.
pub static READ_POLICY: Shortcut = command(Key::I, "Read a policy");

/// Start training.
pub static START: Shortcut = command(Key::Enter, "Start training");
/// Show the evaluation of the run.
pub static EVALUATE_RUN: Shortcut = plain(Key::E, "Evaluate the run that is shown");
/// The other runs.
pub static RUNS: Shortcut = with(Modifiers::ALT, Key::R, "Choose a run");
/// The next set of settings.
pub static PRESET: Shortcut = plain(Key::N, "The next preset");
/// What a training costs.
pub static ESTIMATE: Shortcut = plain(Key::T, "Estimate time and memory");
/// What the frozen network is read from.
pub static WEIGHTS: Shortcut = plain(Key::I, "Choose the weights of InceptionV3");
/// What computes.
pub static DEVICE: Shortcut = with(Modifiers::ALT, Key::D, "Choose the device");
/// Where the parts are chosen.
pub static TO_PARTS: Shortcut = plain(Key::P, "Choose the parts");
/// Both classes count the same.
pub static CLASS_WEIGHTS: Shortcut = plain(Key::W, "Weigh both classes equally");
/// Hide parts of the picture.
pub static SPEC_AUGMENT: Shortcut = plain(Key::H, "Hide random bands and stretches");
/// Blend recordings.
pub static MIXUP: Shortcut = plain(Key::B, "Blend pairs of recordings");

/// The threshold at the next lower score.
pub static LOWER: Shortcut = plain(Key::ArrowLeft, "Threshold at the next lower score");
/// The threshold at the next higher score.
pub static HIGHER: Shortcut = plain(Key::ArrowRight, "Threshold at the next higher score");
/// The threshold that the run chose.
pub static RESET: Shortcut = plain(Key::R, "Reset the threshold");
/// Write the report.
pub static EXPORT_REPORT: Shortcut = command(Key::R, "Export the report");

/// Score recordings.
pub static OPEN_RECORDINGS: Shortcut = plain(Key::O, "Open recordings to score");
/// Forget the scores.
pub static CLEAR: Shortcut = plain(Key::Delete, "Forget the scores");

/// The list of keys.
pub static SHEET: Shortcut = plain(Key::Questionmark, "Show this list").or_with(Modifiers::SHIFT, Key::Slash);
/// Take the last change of the study back.
pub static UNDO: Shortcut = command(Key::Z, "Undo");
/// Make it again.
pub static REDO: Shortcut = with(COMMAND_SHIFT, Key::Z, "Redo").or_with(Modifiers::COMMAND, Key::Y);

/// A line of the sheet.
#[derive(Debug)]
pub enum Line {
    /// A key that does what a button or a menu does.
    Button(&'static Shortcut),
    /// A key that has no button.
    Key(&'static Shortcut),
    /// Keys that are handled where they belong, and what a hand does.
    Gesture(&'static str, &'static str),
}

/// The keys of one panel.
#[derive(Debug)]
pub struct Group {
    /// The panel's name, as on its tab.
    pub name: &'static str,
    /// In the order of the sheet.
    pub lines: &'static [Line],
}

/// Every key, by where it counts; those of the first group count everywhere.
pub static GROUPS: [Group; 6] = [
    Group {
        name: "Everywhere",
        lines: &[
            Line::Button(&PANELS[0]),
            Line::Button(&PANELS[1]),
            Line::Button(&PANELS[2]),
            Line::Button(&PANELS[3]),
            Line::Button(&PANELS[4]),
            Line::Button(&FILE_MENU),
            Line::Button(&OPEN_FOLDERS),
            Line::Button(&OPEN_FILES),
            Line::Button(&OPEN_STUDY),
            Line::Button(&DEMO),
            Line::Button(&RENAME),
            Line::Button(&SAVE_STUDY),
            Line::Button(&EXPORT_TABLE),
            Line::Button(&CLOSE_STUDY),
            Line::Button(&UNDO),
            Line::Button(&REDO),
            Line::Button(&THEME),
            Line::Key(&SHEET),
            Line::Gesture("Tab, then Space", "Go to a button, then press it"),
        ],
    },
    Group {
        name: "Data",
        lines: &[
            Line::Button(&DATA_TABS[0]),
            Line::Button(&DATA_TABS[1]),
            Line::Button(&DATA_TABS[2]),
            Line::Button(&DATA_TABS[3]),
            Line::Button(&STOP),
            Line::Button(&READ_REST),
            Line::Button(&DEFAULTS),
            Line::Button(&SAVE_POLICY),
            Line::Button(&READ_POLICY),
        ],
    },
    Group {
        name: "Explore",
        lines: &[
            Line::Button(&VIEWS[0]),
            Line::Button(&VIEWS[1]),
            Line::Button(&VIEWS[2]),
            Line::Gesture("Up, Down", "Previous or next recording"),
            Line::Gesture("Page Up, Page Down", "A page of recordings further up or down"),
            Line::Gesture("Home, End", "First or last recording"),
            Line::Gesture("Shift+Up, Shift+Down", "Choose several, one after the other"),
            Line::Gesture("Ctrl+Up, Ctrl+Down", "Show another, choose no other"),
            Line::Key(&TOGGLE),
            Line::Gesture("Ctrl and click", "Choose one more, or one less"),
            Line::Gesture("Shift and click", "Choose all from there to here"),
            Line::Key(&CHOOSE_ALL),
            Line::Button(&USE),
            Line::Button(&HEALTHY),
            Line::Button(&SICK),
            Line::Button(&LEAVE_OUT),
            Line::Button(&BY_POLICY),
            Line::Key(&NEXT_FLAGGED),
            Line::Key(&PREVIOUS_FLAGGED),
            Line::Button(&TWIN),
            Line::Button(&SEARCH),
            Line::Button(&SHOW_ALL),
            Line::Button(&FACETS[0]),
            Line::Button(&FACETS[1]),
            Line::Button(&FACETS[2]),
            Line::Button(&FACETS[3]),
            Line::Button(&FACETS[4]),
            Line::Button(&MORE_FILTERS),
            Line::Button(&SORT),
            Line::Button(&COLUMNS),
            Line::Button(&SPAN),
            Line::Key(&NUMBERS),
            Line::Button(&SAVE_PICTURES),
            Line::Button(&PLAY),
            Line::Button(&LOOP),
            Line::Button(&SOUND),
            Line::Button(&PICTURE),
            Line::Button(&NETWORK_VIEW),
            Line::Button(&PICTURE_SETTINGS),
            Line::Button(&ZOOM_IN),
            Line::Button(&ZOOM_OUT),
            Line::Button(&ZOOM_WHOLE),
            Line::Button(&ZOOM_SELECTION),
            Line::Key(&EARLIER),
            Line::Key(&LATER),
            Line::Key(&UNMARK),
            Line::Gesture("Wheel, pinch, Shift and drag", "Zoom the pictures"),
            Line::Gesture("Drag the time axis, middle button", "Move the pictures"),
        ],
    },
    Group {
        name: "Train",
        lines: &[
            Line::Button(&START),
            Line::Button(&STOP),
            Line::Button(&EVALUATE_RUN),
            Line::Button(&RUNS),
            Line::Button(&PRESET),
            Line::Button(&ESTIMATE),
            Line::Button(&WEIGHTS),
            Line::Button(&DEVICE),
            Line::Button(&CLASS_WEIGHTS),
            Line::Button(&SPEC_AUGMENT),
            Line::Button(&MIXUP),
            Line::Button(&TO_PARTS),
        ],
    },
    Group {
        name: "Evaluate",
        lines: &[Line::Key(&LOWER), Line::Key(&HIGHER), Line::Button(&RESET), Line::Button(&EXPORT_REPORT)],
    },
    Group { name: "Predict", lines: &[Line::Button(&OPEN_RECORDINGS), Line::Button(&CLEAR)] },
];

impl Line {
    /// Its key, where it has one.
    #[must_use]
    pub fn shortcut(&self) -> Option<&'static Shortcut> {
        match self {
            Self::Button(shortcut) | Self::Key(shortcut) => Some(shortcut),
            Self::Gesture(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things_on_one_panel() {
        let [everywhere, panels @ ..] = &GROUPS;
        for panel in panels {
            let shortcuts = everywhere.lines.iter().chain(panel.lines).filter_map(Line::shortcut);
            let keys: Vec<_> = shortcuts.flat_map(Shortcut::alternatives).collect();
            for (index, own) in keys.iter().enumerate() {
                assert!(!keys[..index].contains(own), "{}: {own:?}", panel.name);
            }
        }
    }

    #[test]
    fn every_filter_has_a_key() {
        for (facet, key) in crate::data::study::filter::Facet::ALL.iter().zip(&FACETS) {
            assert!(key.words().contains(&facet.name().to_lowercase()), "{facet:?}");
        }
    }
}
