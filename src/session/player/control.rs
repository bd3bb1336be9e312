//! What the person asks of the player, and what its thread reports.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::{Handle, NowPlaying, SoundDevices, SoundOrder, Source, Volume, Wanted};
use crate::session::state::{Severity, ViewState};
use crate::session::update::REFUSED;
use crate::session::{Command, Session};
use crate::units::Seconds;

impl Session {
    /// Does what the person asks of the player.
    pub(in crate::session) fn on_sound_command(&mut self, command: SoundCommand) {
        match command {
            SoundCommand::Probe => {
                if !self.sound_order(SoundOrder::Probe) {
                    self.state.player.devices = SoundDevices::None(REFUSED.to_owned());
                }
            }
            SoundCommand::Play { range, start } => self.play_shown(range, start),
            SoundCommand::PlayFile { path, range } => {
                let (sound, start) =
                    (Source::File(path.clone()), range.as_ref().map_or(Seconds(0.0), |range| range.start));
                self.play(path, sound, range, start);
            }
            SoundCommand::Pause => self.set_paused(true),
            SoundCommand::Resume => self.set_paused(false),
            SoundCommand::Stop => self.stop_playing(),
            SoundCommand::Volume(volume) => {
                let player = &mut self.state.player;
                player.volume = Volume(volume.0.clamp(0.0, 1.0));
                player.clock.gain.store(f64::from(player.volume.0).to_bits(), Ordering::Relaxed);
            }
            SoundCommand::Loop(looped) => {
                self.state.player.looped = looped;
                self.state.player.clock.looped.store(looped, Ordering::Relaxed);
            }
            SoundCommand::Device(device) => {
                self.state.player.device = device;
                self.stop_playing();
            }
        }
    }

    /// The recording that is played falls silent; for instance because another one is looked at.
    pub(in crate::session) fn stop_playing(&mut self) {
        if self.state.player.current.take().is_some() {
            self.sound_order(SoundOrder::Stop);
        }
    }

    /// Takes in the devices that were found.
    pub(in crate::session) fn on_sound_devices(&mut self, devices: SoundDevices) {
        self.state.player.devices = devices;
    }

    /// The recording called `id` has come to its end, or could not be played.
    pub(in crate::session) fn on_sound_ended(&mut self, id: u64, failure: Option<String>) {
        if self.state.player.current.as_ref().is_some_and(|current| current.id == id) {
            self.state.player.current = None;
        }
        if let Some(reason) = failure {
            self.say(Severity::Error, reason);
        }
    }

    fn play_shown(&mut self, range: Option<Range<Seconds>>, start: Seconds) {
        let ViewState::Ready(view) = &self.state.explore.view else { return };
        let (path, sound) = (view.path.clone(), Source::Decoded(view.recording.clone()));
        self.play(path, sound, range, start);
    }

    fn play(&mut self, path: PathBuf, sound: Source, range: Option<Range<Seconds>>, start: Seconds) {
        let id = self.next_sound;
        self.next_sound += 1;
        let device = self.state.player.device.clone();
        let wanted = Wanted { id, sound, range: range.clone(), start, device };
        // What is seen before the thread has opened the device.
        self.state.player.clock.write(start);
        let taken = self.sound_order(SoundOrder::Play(Box::new(wanted)));
        self.state.player.current = taken.then_some(NowPlaying { path, range, paused: false, id });
    }

    fn set_paused(&mut self, paused: bool) {
        let Some(current) = &mut self.state.player.current else { return };
        current.paused = paused;
        self.sound_order(if paused { SoundOrder::Pause } else { SoundOrder::Resume });
    }

    /// Sends an order; starts the thread with the first one. Returns whether it was taken.
    fn sound_order(&mut self, order: SoundOrder) -> bool {
        if self.sound.is_none() {
            self.sound = Handle::start(&self.reporter, &self.state.player);
        }
        let taken = self.sound.as_ref().is_some_and(|sound| sound.send(order));
        if !taken {
            // A thread that ended is started again by the next order.
            self.sound = None;
            self.say(Severity::Error, "The part of the program that plays sound has ended; press Play again");
        }
        taken
    }
}

/// A wish about sound.
#[derive(Clone, Debug, PartialEq)]
pub enum SoundCommand {
    /// Find out what can be played on; asked once, when the window opens.
    Probe,
    /// Play the recording that Explore shows.
    Play {
        /// The part of it; `None` for all of it.
        range: Option<Range<Seconds>>,
        /// Where to begin.
        start: Seconds,
    },
    /// Play a recording that is not shown by itself.
    PlayFile {
        /// Its file.
        path: PathBuf,
        /// The part of it; `None` for all of it.
        range: Option<Range<Seconds>>,
    },
    /// Be silent, and remember where.
    Pause,
    /// Go on where it was paused.
    Resume,
    /// Be silent, and forget the recording.
    Stop,
    /// How loud.
    Volume(Volume),
    /// Whether to begin again at the end.
    Loop(bool),
    /// What to play on; `None` for the system's default.
    Device(Option<String>),
}

impl From<SoundCommand> for Command {
    fn from(command: SoundCommand) -> Self {
        Self::Sound(command)
    }
}
