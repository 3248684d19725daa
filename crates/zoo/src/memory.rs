//! Memory of tensors on the CPU, as slices: for loops that libtorch has no operation for.

#![allow(unsafe_code, reason = "slices of libtorch's memory")]

use std::any::TypeId;
use std::mem::MaybeUninit;

use half::bf16;
use tch::kind::Element;
use tch::{Device, Kind, TchError, Tensor};

/// The element type of tensors that `T` is; tch says of bf16 that it were the other half precision.
fn kind<T: Element + 'static>() -> Kind {
    if TypeId::of::<T>() == TypeId::of::<bf16>() { Kind::BFloat16 } else { T::KIND }
}

/// A new tensor of this shape on the CPU, row-major, whose elements `fill` writes, all of them.
///
/// # Errors
/// Where there is not enough memory.
pub fn filled<T: Element + 'static>(
    shape: &[i64],
    fill: impl FnOnce(&mut [MaybeUninit<T>]),
) -> Result<Tensor, TchError> {
    let tensor = Tensor::f_empty(shape, (kind::<T>(), Device::Cpu))?;
    if tensor.numel() > 0 {
        // SAFETY: the memory of a new tensor is one block of its elements, aligned to 64 bytes, and nobody else has it;
        // nothing is read as initialised.
        fill(unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) });
    }
    Ok(tensor)
}

/// What `work` makes of the elements of `tensor` in row-major order, which are not copied.
///
/// `work` may not change the tensor, nor one that shares its memory.
///
/// # Panics
/// Where the tensor is not row-major, not on the CPU, or of other elements than `T`.
pub fn elements<T: Element + 'static, R>(tensor: &Tensor, work: impl FnOnce(&[T]) -> R) -> R {
    assert!(
        tensor.device() == Device::Cpu && tensor.kind() == kind::<T>(),
        "{tensor:?} is of other elements"
    );
    assert!(tensor.is_contiguous(), "{tensor:?} is not row-major");
    if tensor.numel() == 0 {
        return work(&[]);
    }
    // SAFETY: a row-major tensor on the CPU is one aligned block of its elements, which lives as long as the borrow.
    work(unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast_const().cast(), tensor.numel()) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use half::f16;

    use super::*;

    #[test]
    fn both_half_precisions_are_told_apart() {
        let of = |kind: Kind| Tensor::from_slice(&[1.5f32, -2.0]).to_kind(kind);
        let numbers = elements(&of(Kind::BFloat16), |elements: &[bf16]| elements.to_vec());
        assert_eq!(numbers, [1.5, -2.0].map(bf16::from_f32));
        let numbers = elements(&of(Kind::Half), |elements: &[f16]| elements.to_vec());
        assert_eq!(numbers, [1.5, -2.0].map(f16::from_f32));
        let made = filled(&[1], |elements: &mut [MaybeUninit<bf16>]| {
            elements[0].write(bf16::from_f32(3.0));
        });
        assert_eq!((made.as_ref().unwrap().kind(), made.unwrap().double_value(&[0])), (Kind::BFloat16, 3.0));
    }

    #[test]
    fn what_is_written_is_what_the_tensor_has() {
        let tensor = filled(&[2, 3], |elements: &mut [MaybeUninit<f32>]| {
            elements.iter_mut().zip(0u8..).for_each(|(element, at)| {
                element.write(at.into());
            });
        })
        .unwrap();
        assert_eq!(tensor.size(), [2, 3]);
        assert_eq!(Vec::<f32>::try_from(tensor.flatten(0, 1)).unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(elements(&tensor, |elements: &[f32]| elements.to_vec()), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(filled(&[0], |_: &mut [MaybeUninit<f32>]| unreachable!()).unwrap().numel(), 0);
    }

    #[test]
    #[should_panic(expected = "not row-major")]
    fn another_order_is_refused() {
        elements(&Tensor::zeros([2, 3], (Kind::Float, Device::Cpu)).tr(), |_: &[f32]| ());
    }

    #[test]
    #[should_panic(expected = "other elements")]
    fn other_elements_are_refused() {
        elements(&Tensor::zeros([2, 3], (Kind::Double, Device::Cpu)), |_: &[f32]| ());
    }
}
