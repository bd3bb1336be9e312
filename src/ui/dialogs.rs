//! The system's own file dialogs, asked for without waiting: a pending answer is looked at once a frame.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::time::{Duration, Instant};

use eframe::egui::Context;

use crate::data::policy;
use crate::session::Command;

/// A question that the system's file dialog answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Which folders to open.
    OpenFolder,
    /// Which recordings or prediction tables to open.
    OpenFiles,
    /// Which recordings to score.
    OpenRecordings,
    /// Into which folder to write the report.
    ExportReport,
    /// Into which folder to write the pictures of the data.
    ExportPictures,
    /// Into which file to write the table of recordings.
    ExportTable,
    /// Into which file to write the label policy.
    SavePolicy,
    /// From which file to take the label policy.
    ReadPolicy,
    /// In which folder the dataset with this key is now.
    Locate(Arc<str>),
    /// Where the table of recordings is now that is the dataset with this key.
    LocateTable(Arc<str>),
    /// Which file has the weights of InceptionV3.
    Weights,
    /// Which study to go on with, or where to start one.
    OpenStudy,
    /// In which folder to keep the study.
    SaveStudy,
}

impl Dialog {
    /// What to do with the answer; nothing when the person picked nothing.
    #[must_use]
    pub fn command(self, mut picked: Vec<PathBuf>) -> Option<Command> {
        match self {
            _ if picked.is_empty() => None,
            Self::OpenFolder | Self::OpenFiles => Some(Command::Open(picked)),
            Self::OpenRecordings => Some(Command::Predict(picked)),
            Self::ExportReport => picked.pop().map(Command::ExportReport),
            Self::ExportPictures => picked.pop().map(Command::ExportPictures),
            Self::ExportTable => picked.pop().map(Command::ExportTable),
            Self::SavePolicy => picked.pop().map(Command::SavePolicy),
            Self::ReadPolicy => picked.pop().map(Command::ReadPolicy),
            Self::Locate(key) | Self::LocateTable(key) => picked.pop().map(|root| Command::Relocate { key, root }),
            Self::Weights => picked.pop().map(Command::ChooseWeights),
            Self::OpenStudy => picked.pop().map(Command::OpenStudy),
            Self::SaveStudy => picked.pop().map(Command::SaveStudyAs),
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::OpenFolder => "Open datasets or a saved run",
            Self::OpenFiles => "Open recordings or a table of predictions",
            Self::OpenRecordings => "Recordings to score",
            Self::ExportReport => "Folder for the report",
            Self::ExportPictures => "Folder for the pictures",
            Self::ExportTable => "Table of all recordings",
            Self::SavePolicy => "File for the label policy",
            Self::ReadPolicy => "A label policy (.policy.toml)",
            Self::Locate(_) => "Where is this dataset now?",
            Self::LocateTable(_) => "Where is this table now?",
            Self::Weights => "Weights of InceptionV3 (.safetensors)",
            Self::OpenStudy => "A study's folder, or an empty one for a new study",
            Self::SaveStudy => "A new or empty folder for the study",
        }
    }
}

/// Nobody closes a dialog sooner than this after it was asked for.
const FASTEST_CANCEL: Duration = Duration::from_millis(250);

const NO_DIALOG: &str = "The system's file dialog did not open. Drop files and folders on the window instead, or name them \
                         when you start coughscope";

type Answer = Pin<Box<dyn Future<Output = Vec<PathBuf>>>>;

/// The dialog that is open, if any.
#[derive(Default)]
pub struct Dialogs {
    pending: Option<(Dialog, Answer, Instant)>,
}

impl Dialogs {
    /// Opens the dialog. While one is open another is refused, as the system would stack them.
    pub fn ask(&mut self, dialog: Dialog) {
        if self.pending.is_none() {
            let answer = answer_of(&dialog);
            self.pending = Some((dialog, answer, Instant::now()));
        }
    }

    /// The answer's command, once there is one. Never waits; the answer wakes the screen.
    pub fn poll(&mut self, ctx: &Context) -> Option<Command> {
        let (dialog, answer, asked) = self.pending.as_mut()?;
        let waker = Waker::from(Arc::new(Repaint(ctx.clone())));
        let Poll::Ready(picked) = answer.as_mut().poll(&mut std::task::Context::from_waker(&waker)) else {
            return None;
        };
        let (dialog, asked) = (dialog.clone(), *asked);
        self.pending = None;
        // Where the system has no file dialog the answer is an empty one too, but at once.
        if picked.is_empty() && asked.elapsed() < FASTEST_CANCEL {
            return Some(Command::Warn(NO_DIALOG.to_owned()));
        }
        dialog.command(picked)
    }
}

struct Repaint(Context);

impl Wake for Repaint {
    fn wake(self: Arc<Self>) {
        self.0.request_repaint();
    }
}

fn answer_of(dialog: &Dialog) -> Answer {
    let window = rfd::AsyncFileDialog::new().set_title(dialog.title());
    let paths = |picked: Option<Vec<rfd::FileHandle>>| -> Vec<PathBuf> {
        picked.unwrap_or_default().iter().map(|file| file.path().to_owned()).collect()
    };
    match dialog {
        Dialog::OpenFolder => {
            let picked = window.pick_folders();
            Box::pin(async move { paths(picked.await) })
        }
        Dialog::OpenFiles | Dialog::OpenRecordings => {
            let picked = window.pick_files();
            Box::pin(async move { paths(picked.await) })
        }
        Dialog::LocateTable(_) => {
            let picked = window.add_filter("Table (.csv)", &["csv"]).pick_file();
            Box::pin(async move { paths(picked.await.map(|file| vec![file])) })
        }
        Dialog::Weights => {
            let picked = window.add_filter("Weights (.safetensors)", &["safetensors"]).pick_file();
            Box::pin(async move { paths(picked.await.map(|file| vec![file])) })
        }
        Dialog::ExportTable => {
            let picked = window.set_file_name("recordings.csv").save_file();
            Box::pin(async move { paths(picked.await.map(|file| vec![file])) })
        }
        Dialog::SavePolicy => {
            let picked = window.set_file_name(format!("labels.{}", policy::EXTENSION)).save_file();
            Box::pin(async move { paths(picked.await.map(|file| vec![file])) })
        }
        Dialog::ReadPolicy => {
            let picked = window.add_filter("Label policy", &["toml"]).pick_file();
            Box::pin(async move { paths(picked.await.map(|file| vec![file])) })
        }
        Dialog::ExportReport | Dialog::ExportPictures | Dialog::Locate(_) | Dialog::OpenStudy | Dialog::SaveStudy => {
            let picked = window.set_can_create_directories(true).pick_folder();
            Box::pin(async move { paths(picked.await.map(|folder| vec![folder])) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_dialog_does_nothing() {
        for dialog in [
            Dialog::OpenFolder,
            Dialog::OpenFiles,
            Dialog::OpenRecordings,
            Dialog::ExportReport,
            Dialog::ExportPictures,
            Dialog::ExportTable,
            Dialog::SavePolicy,
            Dialog::ReadPolicy,
            Dialog::Locate("coswara".into()),
            Dialog::LocateTable("table".into()),
            Dialog::Weights,
            Dialog::OpenStudy,
            Dialog::SaveStudy,
        ] {
            assert!(dialog.command(Vec::new()).is_none());
        }
    }

    #[test]
    fn a_policy_is_read_from_and_written_to_what_was_picked() {
        let picked = || vec![PathBuf::from("a.policy.toml")];
        let read = Dialog::ReadPolicy.command(picked());
        assert!(matches!(read, Some(Command::ReadPolicy(path)) if path.as_os_str() == "a.policy.toml"));
        let saved = Dialog::SavePolicy.command(picked());
        assert!(matches!(saved, Some(Command::SavePolicy(path)) if path.as_os_str() == "a.policy.toml"));
    }

    #[test]
    fn an_answer_arrives_once_and_is_not_waited_for() {
        let (send, receive) = std::sync::mpsc::channel::<PathBuf>();
        let answer =
            std::future::poll_fn(move |_| receive.try_recv().map_or(Poll::Pending, |path| Poll::Ready(vec![path])));
        let mut dialogs = Dialogs { pending: Some((Dialog::ExportReport, Box::pin(answer), Instant::now())) };
        let ctx = Context::default();
        assert!(dialogs.poll(&ctx).is_none());
        send.send(PathBuf::from("report")).unwrap();
        assert!(matches!(dialogs.poll(&ctx), Some(Command::ExportReport(folder)) if folder.as_os_str() == "report"));
        assert!(dialogs.poll(&ctx).is_none());
    }

    #[test]
    fn a_dialog_that_never_opened_is_told_from_one_that_was_cancelled() {
        let ctx = Context::default();
        for (ago, told) in [(Duration::ZERO, true), (FASTEST_CANCEL * 2, false)] {
            let asked = Instant::now().checked_sub(ago).unwrap();
            let nothing = Box::pin(std::future::ready(Vec::new()));
            let mut dialogs = Dialogs { pending: Some((Dialog::OpenFiles, nothing, asked)) };
            assert_eq!(matches!(dialogs.poll(&ctx), Some(Command::Warn(_))), told, "{ago:?}");
        }
    }
}
