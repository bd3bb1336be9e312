//! Playing through ALSA, whose library is opened at run time: a machine without it still builds and runs the program.
//!
//! Sound servers (PipeWire, PulseAudio) are reached through ALSA's `default` device. Source of the calls: the ALSA library
//! reference, "PCM (digital audio) interface". The only file of the crate with `unsafe` code.
#![expect(unsafe_code, reason = "calls into the system's C library")]

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_uint, c_ulong, c_void};
use std::ptr;
use std::sync::OnceLock;

use libloading::Library;

use super::{LATENCY, OutputDevice, PlaybackError};
use crate::units::SampleRate;

const STREAM_PLAYBACK: c_int = 0;
const BLOCKING: c_int = 0;
const FORMAT_FLOAT_LE: c_int = 14;
const ACCESS_RW_INTERLEAVED: c_int = 3;
/// Every card.
const ALL_CARDS: c_int = -1;
/// What an underrun returns.
const EPIPE: c_long = -32;

type Pcm = *mut c_void;
/// `snd_pcm_drop` and its likes.
type OnPcm = unsafe extern "C" fn(Pcm) -> c_int;

/// What ALSA calls with each error, as `printf` is called: file, line, function, number, format, and more.
type OnError = unsafe extern "C" fn(*const c_char, c_int, *const c_char, c_int, *const c_char);

/// Says nothing. ALSA writes half a dozen lines to the terminal for every device that is not there; what matters of them
/// comes back as an error number.
unsafe extern "C" fn silent(_: *const c_char, _: c_int, _: *const c_char, _: c_int, _: *const c_char) {}

/// The functions that are used, with the library that holds them.
struct Api {
    open: unsafe extern "C" fn(*mut Pcm, *const c_char, c_int, c_int) -> c_int,
    set_params: unsafe extern "C" fn(Pcm, c_int, c_int, c_uint, c_uint, c_int, c_uint) -> c_int,
    write: unsafe extern "C" fn(Pcm, *const c_void, c_ulong) -> c_long,
    recover: unsafe extern "C" fn(Pcm, c_int, c_int) -> c_int,
    delay: unsafe extern "C" fn(Pcm, *mut c_long) -> c_int,
    drop: OnPcm,
    prepare: OnPcm,
    drain: OnPcm,
    close: OnPcm,
    describe: unsafe extern "C" fn(c_int) -> *const c_char,
    hints: unsafe extern "C" fn(c_int, *const c_char, *mut *mut *mut c_void) -> c_int,
    hint: unsafe extern "C" fn(*const c_void, *const c_char) -> *mut c_char,
    free_hints: unsafe extern "C" fn(*mut *mut c_void) -> c_int,
    free: unsafe extern "C" fn(*mut c_void),
    /// Keeps the code above in memory.
    _library: Library,
}

impl Api {
    /// The library, opened once.
    fn get() -> Result<&'static Self, PlaybackError> {
        static API: OnceLock<Result<Api, String>> = OnceLock::new();
        API.get_or_init(|| Self::load().map_err(|error| error.to_string()))
            .as_ref()
            .map_err(|detail| PlaybackError::NoLibrary { detail: detail.clone() })
    }

    fn load() -> Result<Self, libloading::Error> {
        // SAFETY: opening libasound runs its initialisers, which need nothing from us; the signatures are those of its
        // public headers, unchanged since ALSA 1.0; the pointers are used only while `_library` lives, with `Self`.
        // `free` is the one that libasound itself was linked with, found through it.
        unsafe {
            let library = Library::new("libasound.so.2")?;
            // The handler is declared variadic. One that looks at no argument may be called so: on every Linux that Rust
            // knows, the caller places and removes them.
            let on_error: libloading::Symbol<'_, unsafe extern "C" fn(OnError) -> c_int> =
                library.get(b"snd_lib_error_set_handler")?;
            on_error(silent);
            Ok(Self {
                open: *library.get(b"snd_pcm_open")?,
                set_params: *library.get(b"snd_pcm_set_params")?,
                write: *library.get(b"snd_pcm_writei")?,
                recover: *library.get(b"snd_pcm_recover")?,
                delay: *library.get(b"snd_pcm_delay")?,
                drop: *library.get(b"snd_pcm_drop")?,
                prepare: *library.get(b"snd_pcm_prepare")?,
                drain: *library.get(b"snd_pcm_drain")?,
                close: *library.get(b"snd_pcm_close")?,
                describe: *library.get(b"snd_strerror")?,
                hints: *library.get(b"snd_device_name_hint")?,
                hint: *library.get(b"snd_device_name_get_hint")?,
                free_hints: *library.get(b"snd_device_name_free_hint")?,
                free: *library.get(b"free")?,
                _library: library,
            })
        }
    }

    /// ALSA's words for an error number.
    fn words(&self, code: c_int) -> String {
        // SAFETY: `snd_strerror` returns a static, zero-terminated text for any number.
        unsafe { CStr::from_ptr((self.describe)(code)) }.to_string_lossy().into_owned()
    }
}

/// The devices by ALSA's names: the default one, sound servers, and the cards themselves.
pub fn devices() -> Result<Vec<OutputDevice>, PlaybackError> {
    let api = Api::get()?;
    let mut list: *mut *mut c_void = ptr::null_mut();
    // SAFETY: the interface is a zero-terminated text, and `list` a place for the result.
    let code = unsafe { (api.hints)(ALL_CARDS, c"pcm".as_ptr(), &raw mut list) };
    if code < 0 {
        return Err(PlaybackError::NoDevice { detail: api.words(code) });
    }
    let mut found = Vec::new();
    let mut at = list;
    // SAFETY: the list is an array of hints that ends with a null pointer.
    while let Some(hint) = unsafe { at.as_ref() }.filter(|hint| !hint.is_null()) {
        let [id, words, direction] = [c"NAME", c"DESC", c"IOID"].map(|key| hint_text(api, *hint, key));
        if let Some(id) = id.filter(|id| is_for_people(id) && direction.as_deref() != Some("Input")) {
            let name = words.map_or_else(|| id.clone(), |words| words.replace('\n', ", "));
            found.push(OutputDevice { id, name });
        }
        // SAFETY: the entry in hand was not the closing null pointer, so that there is a next one.
        at = unsafe { at.add(1) };
    }
    // SAFETY: `list` came from `snd_device_name_hint` and is not used any more.
    unsafe { (api.free_hints)(list) };
    Ok(found)
}

/// One text of a hint.
fn hint_text(api: &Api, hint: *const c_void, key: &CStr) -> Option<String> {
    // SAFETY: `hint` is an entry of the list, which is not freed yet; the text belongs to us and is freed once.
    unsafe {
        let text = (api.hint)(hint, key.as_ptr());
        let owned = text.as_ref().map(|text| CStr::from_ptr(text).to_string_lossy().into_owned());
        (api.free)(text.cast());
        owned
    }
}

/// Whether a device is one that a person would choose. ALSA lists each card a dozen times over (with fixed formats, as
/// surround sound, for mixing); what converts by itself is enough.
fn is_for_people(id: &str) -> bool {
    matches!(id, "default" | "pipewire" | "pulse" | "jack") || id.starts_with("plughw:") || id.starts_with("hdmi:")
}

/// An open device.
pub struct Output {
    api: &'static Api,
    pcm: Pcm,
    channels: usize,
}

// SAFETY: a handle may be used from any thread, by one at a time; `Output` is not `Sync` and has no other copy of it.
unsafe impl Send for Output {}

impl Output {
    /// Opens the device called `id`, or the default one, for `channels` channels at `rate`.
    pub fn open(id: Option<&str>, rate: SampleRate, channels: usize) -> Result<Self, PlaybackError> {
        let api = Api::get()?;
        let no_device = |code| PlaybackError::NoDevice { detail: api.words(code) };
        let id = CString::new(id.unwrap_or("default")).unwrap_or_else(|_| c"default".to_owned());
        let mut pcm = ptr::null_mut();
        // SAFETY: `id` is zero-terminated, `pcm` a place for the handle.
        let code = unsafe { (api.open)(&raw mut pcm, id.as_ptr(), STREAM_PLAYBACK, BLOCKING) };
        if code < 0 {
            return Err(no_device(code));
        }
        let output = Self { api, pcm, channels };
        let latency_us = (LATENCY.0 * 1e6) as c_uint;
        // The device converts rate and channels where its hardware cannot take ours.
        let convert = 1;
        // SAFETY: the handle is open.
        let code = unsafe {
            (api.set_params)(
                pcm,
                FORMAT_FLOAT_LE,
                ACCESS_RW_INTERLEAVED,
                channels as c_uint,
                rate.hz(),
                convert,
                latency_us,
            )
        };
        if code < 0 { Err(no_device(code)) } else { Ok(output) }
    }

    /// Hands interleaved samples to the device; waits while its buffer is full.
    pub fn write(&mut self, samples: &[f32]) -> Result<(), PlaybackError> {
        let mut rest = samples;
        // An interrupted or suspended device comes back after one call; one that does not is gone.
        let mut failures = 0;
        while rest.len() >= self.channels {
            let frames = (rest.len() / self.channels) as c_ulong;
            // SAFETY: `rest` holds that many frames of float samples, as the device was told.
            let written = unsafe { (self.api.write)(self.pcm, rest.as_ptr().cast(), frames) };
            if written >= 0 {
                rest = rest.get(written as usize * self.channels..).unwrap_or_default();
                failures = 0;
                continue;
            }
            let silent = 1;
            // SAFETY: the handle is open; the error number is that of the call before.
            let code = unsafe { (self.api.recover)(self.pcm, written as c_int, silent) };
            failures += 1;
            if code < 0 || failures > 3 {
                return Err(PlaybackError::Lost { detail: self.api.words(written as c_int) });
            }
        }
        Ok(())
    }

    /// Frames that were written and not heard yet.
    pub fn delay(&self) -> usize {
        let mut frames: c_long = 0;
        // SAFETY: the handle is open, `frames` a place for the result.
        let code = unsafe { (self.api.delay)(self.pcm, &raw mut frames) };
        if code < 0 || c_long::from(code) == EPIPE { 0 } else { frames.max(0) as usize }
    }

    /// Forgets what was written and not heard yet.
    pub fn discard(&mut self) {
        // SAFETY: the handle is open. A device that refuses is found out by the next write.
        unsafe {
            (self.api.drop)(self.pcm);
            (self.api.prepare)(self.pcm);
        }
    }

    /// Waits until all that was written has been heard.
    pub fn drain(&mut self) {
        // SAFETY: as in `discard`.
        unsafe {
            (self.api.drain)(self.pcm);
            (self.api.prepare)(self.pcm);
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used any more.
        unsafe {
            (self.api.drop)(self.pcm);
            (self.api.close)(self.pcm);
        }
    }
}
