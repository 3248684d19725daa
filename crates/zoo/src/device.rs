//! Where and in which precision a model computes.

use tch::{Cuda, Device, Kind};

use crate::Error;

/// Device and element type of a model's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Where the parameters live.
    pub device: Device,
    /// `Kind::Float`, or `Kind::Double` for comparisons beyond single precision.
    pub kind: Kind,
}

impl Placement {
    /// Single precision on the CPU.
    pub fn cpu() -> Self {
        Self::on(Device::Cpu)
    }

    /// Single precision on `device`.
    pub fn on(device: Device) -> Self {
        Self { device, kind: Kind::Float }
    }
}

/// The device called `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; `auto` is CUDA where libtorch has it, else the CPU.
pub fn device(name: &str) -> Result<Device, Error> {
    let refuse = |reason: String| Error::Device { given: name.to_owned(), reason };
    match name {
        "auto" => Ok(Device::cuda_if_available()),
        "cpu" => Ok(Device::Cpu),
        "mps" if tch::utils::has_mps() => Ok(Device::Mps),
        "mps" => Err(refuse("this libtorch has no MPS".to_owned())),
        _ => {
            let index = match name.strip_prefix("cuda") {
                Some("") => 0,
                Some(rest) => rest
                    .strip_prefix(':')
                    .and_then(|digits| digits.parse().ok())
                    .ok_or_else(|| refuse("not a device's name".to_owned()))?,
                None => return Err(refuse("not a device's name".to_owned())),
            };
            let count = if Cuda::is_available() { Cuda::device_count() } else { 0 };
            if i64::try_from(index).is_ok_and(|index: i64| index < count) {
                Ok(Device::Cuda(index))
            } else {
                Err(refuse(format!("this machine and libtorch have {count} CUDA device(s)")))
            }
        }
    }
}

/// The kind of the device called `name`: `cpu`, `cuda` or `mps`; of one that is not here, the kind that its name says.
pub fn device_kind(name: &str) -> String {
    let kind = match device(name) {
        Ok(Device::Cpu) => "cpu",
        Ok(Device::Cuda(_)) => "cuda",
        Ok(Device::Mps) => "mps",
        Ok(Device::Vulkan) | Err(_) => name.split(':').next().unwrap_or(name),
    };
    kind.to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_parse_or_say_what_is_there() {
        assert_eq!(device("cpu").unwrap(), Device::Cpu);
        assert_eq!(device("auto").unwrap(), Device::cuda_if_available());
        for bad in ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", "", "cuda0"] {
            assert!(device(bad).unwrap_err().to_string().contains("not a device's name"), "{bad}");
        }
        assert_eq!([device_kind("cpu"), device_kind("cuda:99")], ["cpu", "cuda"]);
        let beyond = format!("cuda:{}", Cuda::device_count().max(0));
        assert!(device(&beyond).unwrap_err().to_string().contains("CUDA device(s)"));
    }
}
