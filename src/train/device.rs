//! What can compute: CPU devices, and graphics cards by name.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::OnceLock;

use burn::tensor::{Device, DeviceKind};
use serde::{Deserialize, Serialize};

/// What a person asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum DeviceChoice {
    /// A graphics card where there is one, else the CPU.
    #[default]
    Auto,
    /// Burn's Flex on the CPU.
    Cpu,
    /// Burn's ndarray on the CPU: slower, kept as a reference.
    Ndarray,
    /// The first graphics card.
    Gpu,
    /// The device whose name contains this text, in any case.
    Named(String),
}

impl From<String> for DeviceChoice {
    fn from(text: String) -> Self {
        match text.to_lowercase().as_str() {
            "auto" => Self::Auto,
            "cpu" => Self::Cpu,
            "ndarray" => Self::Ndarray,
            "gpu" => Self::Gpu,
            _ => Self::Named(text),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text.to_owned()))
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Ndarray => "ndarray",
            Self::Gpu => "gpu",
            Self::Named(name) => name,
        })
    }
}

/// What sort of device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceClass {
    /// A graphics card.
    Gpu,
    /// Burn's Flex on the CPU.
    Cpu,
    /// Burn's ndarray on the CPU.
    NdArray,
    /// A graphics driver that computes on the CPU (llvmpipe, WARP): correct, very slow, never chosen by itself.
    SoftwareGpu,
}

/// A device as the person sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceInfo {
    /// The device's own name.
    pub name: String,
    /// What sort of device it is.
    pub kind: DeviceClass,
    /// What selects it.
    pub choice: DeviceChoice,
}

/// A device that is ready for tensors.
#[derive(Clone, Debug)]
pub struct ComputeDevice {
    /// As the person sees it.
    pub info: DeviceInfo,
    /// As Burn sees it, without automatic differentiation.
    pub device: Device,
}

/// No device fits a wish.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No device has this name.
    #[error(
        "no device is called \u{201c}{wanted}\u{201d}; this computer has: {available}. Choose one of these, or auto"
    )]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// The names that there are.
        available: String,
    },
    /// Several devices have this in their names.
    #[error("\u{201c}{wanted}\u{201d} fits several devices: {fitting}. Write the whole name of one")]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The names that it fits.
        fitting: String,
    },
    /// This program was built without the ndarray device.
    #[error("this program was built without the ndarray device; choose cpu, which is faster")]
    NoNdarray,
}

/// A device, and what to tell the person when it is not the one that was asked for.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The device to compute on.
    pub device: ComputeDevice,
    /// Set when a graphics card was wanted and none was found.
    pub fallback: Option<String>,
}

/// Every usable device, best first: graphics cards, Flex, ndarray, software graphics drivers.
///
/// The first call opens the graphics drivers, which can take seconds; later calls return the same devices. A driver that
/// panics counts as absent.
pub fn probe() -> &'static [ComputeDevice] {
    static FOUND: OnceLock<Vec<ComputeDevice>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut devices = cards().to_vec();
        devices.push(flex());
        devices.extend(ndarray());
        devices.extend(open(DeviceKind::Cpu, DeviceClass::SoftwareGpu));
        number_twins(&mut devices);
        devices
    })
}

/// The graphics cards alone. A software driver starts threads that stay until the program ends, so nobody opens one who
/// did not ask for it or for the list of everything.
fn cards() -> &'static [ComputeDevice] {
    // An opened adapter cannot be opened again in the same process, so what was found is kept.
    static CARDS: OnceLock<Vec<ComputeDevice>> = OnceLock::new();
    CARDS.get_or_init(|| {
        let mut cards = open_cards();
        number_twins(&mut cards);
        cards
    })
}

/// Tells cards of one model apart: the second is called `... #2`.
fn number_twins(devices: &mut [ComputeDevice]) {
    for index in 1..devices.len() {
        let (before, rest) = devices.split_at_mut(index);
        let Some(device) = rest.first_mut() else { return };
        let twins = before.iter().filter(|other| other.info.choice == device.info.choice).count();
        if twins > 0 {
            device.info.name = format!("{} #{}", device.info.name, twins + 1);
        }
    }
    for device in devices {
        if let DeviceChoice::Named(name) = &mut device.info.choice {
            name.clone_from(&device.info.name);
        }
    }
}

/// The device that `choice` means. Opens graphics drivers only where the choice may need one.
///
/// # Errors
/// [`DeviceError`] when a name fits no device. A missing graphics card is no error: the CPU takes over and
/// [`Selected::fallback`] says so.
pub fn select(choice: &DeviceChoice) -> Result<Selected, DeviceError> {
    let plain = |device| Selected { device, fallback: None };
    match choice {
        DeviceChoice::Cpu => Ok(plain(flex())),
        DeviceChoice::Ndarray => ndarray().map(plain).ok_or(DeviceError::NoNdarray),
        DeviceChoice::Auto => Ok(plain(first_card().unwrap_or_else(flex))),
        DeviceChoice::Gpu => Ok(first_card().map(plain).unwrap_or_else(|| Selected {
            device: flex(),
            fallback: Some("No graphics card that can compute was found; the CPU is used instead.".to_owned()),
        })),
        DeviceChoice::Named(name) => by_name(name, probe()).map(plain),
    }
}

/// The device with this name, or the only one with this text in its name.
fn by_name(name: &str, devices: &[ComputeDevice]) -> Result<ComputeDevice, DeviceError> {
    let wanted = name.to_lowercase();
    let names_of = |devices: &[&ComputeDevice]| {
        devices.iter().map(|device| device.info.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    if let Some(exact) = devices.iter().find(|device| device.info.name.to_lowercase() == wanted) {
        return Ok(exact.clone());
    }
    let fitting: Vec<_> = devices.iter().filter(|device| device.info.name.to_lowercase().contains(&wanted)).collect();
    match fitting.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let available = names_of(&devices.iter().collect::<Vec<_>>());
            Err(DeviceError::Unknown { wanted: name.to_owned(), available })
        }
        several => Err(DeviceError::Ambiguous { wanted: name.to_owned(), fitting: names_of(several) }),
    }
}

fn first_card() -> Option<ComputeDevice> {
    cards().first().cloned()
}

/// The CPU device that is always there.
#[must_use]
pub fn flex() -> ComputeDevice {
    ComputeDevice {
        info: DeviceInfo {
            name: format!("CPU ({} cores)", rayon::current_num_threads()),
            kind: DeviceClass::Cpu,
            choice: DeviceChoice::Cpu,
        },
        device: Device::flex(),
    }
}

#[cfg(feature = "ndarray")]
fn ndarray() -> Option<ComputeDevice> {
    #[expect(deprecated, reason = "kept as the reference device as long as upstream ships it")]
    let device = Device::ndarray();
    let info = DeviceInfo {
        name: "CPU, ndarray (reference)".to_owned(),
        kind: DeviceClass::NdArray,
        choice: DeviceChoice::Ndarray,
    };
    Some(ComputeDevice { info, device })
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Option<ComputeDevice> {
    None
}

/// More adapters of one kind than any desktop holds.
const MAX_ADAPTERS: usize = 8;

/// Opens every graphics card, one kind after the other, so that each is known by its kind and by a `Result`: Burn's own
/// enumeration opens adapters lazily and panics where a driver is broken.
fn open_cards() -> Vec<ComputeDevice> {
    let kinds: [fn(usize) -> DeviceKind; 3] =
        [DeviceKind::DiscreteGpu, DeviceKind::IntegratedGpu, DeviceKind::VirtualGpu];
    kinds.iter().flat_map(|kind| (0..MAX_ADAPTERS).map_while(|index| open(kind(index), DeviceClass::Gpu))).collect()
}

fn open(kind: DeviceKind, class: DeviceClass) -> Option<ComputeDevice> {
    let label = format!("{kind:?}");
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let device = Device::wgpu_options().device_kind(kind).init().map_err(|error| error.to_string())?;
        let name = device.identity().map_or_else(|| label.clone(), |identity| identity.name.to_string());
        Ok::<_, String>((device, name))
    }));
    match opened {
        Ok(Ok((device, name))) => {
            let info = DeviceInfo { choice: DeviceChoice::Named(name.clone()), name, kind: class };
            Some(ComputeDevice { info, device })
        }
        Ok(Err(reason)) => {
            log::debug!("no graphics adapter {label}: {reason}");
            None
        }
        Err(_) => {
            log::warn!("the graphics driver failed while {label} was opened; it is not used");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_survive_text() {
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Named("GeForce".into())] {
            assert_eq!(DeviceChoice::from(String::from(choice.clone())), choice);
        }
    }

    #[test]
    fn an_unknown_name_lists_the_devices() {
        let error = select(&DeviceChoice::Named("no such card".into())).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("no such card") && text.contains("CPU ("), "{text}");
    }

    #[test]
    fn automatic_choice_never_takes_a_software_driver() {
        let selected = select(&DeviceChoice::Auto).unwrap();
        assert_ne!(selected.device.info.kind, DeviceClass::SoftwareGpu);
        assert_ne!(selected.device.info.kind, DeviceClass::NdArray);
    }

    #[test]
    fn names_are_told_apart() {
        let card = |name: &str| {
            let info =
                DeviceInfo { name: name.into(), kind: DeviceClass::Gpu, choice: DeviceChoice::Named(name.into()) };
            ComputeDevice { info, ..flex() }
        };
        let mut cards = vec![card("RTX 4090 D"), card("RTX 4090"), card("RTX 4090"), card("Radeon"), flex()];
        number_twins(&mut cards);
        let found = |name| by_name(name, &cards).map(|device| device.info.choice.to_string());
        assert_eq!(found("rtx 4090"), Ok("RTX 4090".to_owned()), "the whole name comes first");
        assert_eq!(found("RTX 4090 #2"), Ok("RTX 4090 #2".to_owned()));
        assert_eq!(found("radeon"), Ok("Radeon".to_owned()));
        assert_eq!(found("cpu"), Ok("cpu".to_owned()));
        assert!(matches!(found("rtx"), Err(DeviceError::Ambiguous { .. })));
        assert!(matches!(found("moon"), Err(DeviceError::Unknown { .. })));
    }
}
