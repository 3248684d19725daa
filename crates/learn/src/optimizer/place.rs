//! A place: where a tensor lies in a flat buffer.

use tch::Tensor;

/// Tensors start at multiples of so many elements: of a cache line's bytes, as libtorch's own do.
pub(super) const LINE: i64 = 16;

/// Where a tensor lies in a flat buffer, element by element in the order of its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The tensor's key.
    pub(crate) key: String,
    /// Its first element.
    pub(crate) start: i64,
    /// Its number of elements.
    pub(crate) length: i64,
    shape: Vec<i64>,
    strides: Vec<i64>,
}

impl Place {
    /// A place from `start` on for a tensor like this.
    pub(crate) fn of(key: &str, start: i64, tensor: &Tensor) -> Place {
        let (shape, strides) = (tensor.size(), tensor.stride());
        let strides = if is_dense(&shape, &strides) { strides } else { row_major(&shape) };
        Place { key: key.to_owned(), start, length: tensor.numel() as i64, shape, strides }
    }

    /// Where the next tensor may start.
    pub(crate) fn end(&self) -> i64 {
        (self.start + self.length + LINE - 1) / LINE * LINE
    }

    /// The tensor in `buffer`, with the shape and the strides it had.
    pub(crate) fn view(&self, buffer: &Tensor) -> Tensor {
        buffer.as_strided(&self.shape, &self.strides, self.start)
    }

    /// The elements of `tensor`, which has this shape, in the order of this place's memory: a view where its strides are
    /// the same, else a copy.
    pub(crate) fn flat(&self, tensor: &Tensor) -> Tensor {
        let same = |axis: usize| self.shape[axis] == 1 || tensor.stride()[axis] == self.strides[axis];
        if (0..self.shape.len()).all(same) {
            return tensor.as_strided([self.length], [1], None);
        }
        let flat = Tensor::empty([self.length], (tensor.kind(), tensor.device()));
        flat.as_strided(&self.shape, &self.strides, 0).copy_(tensor);
        flat
    }
}

/// Whether every element between the first and the last is the tensor's, once.
fn is_dense(shape: &[i64], strides: &[i64]) -> bool {
    let mut axes: Vec<(i64, i64)> = strides.iter().copied().zip(shape.iter().copied()).collect();
    axes.retain(|&(_, side)| side != 1);
    axes.sort_unstable();
    let mut next = 1;
    axes.iter().all(|&(stride, side)| {
        let fits = stride == next;
        next *= side;
        fits
    })
}

fn row_major(shape: &[i64]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn views_keep_layout_and_memory_order() {
        let numbers = Tensor::arange(120, (Kind::Float, Device::Cpu)).reshape([2, 3, 4, 5]);
        let last = numbers.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
        let buffer = Tensor::zeros([160], (Kind::Float, Device::Cpu));
        for (tensor, what) in [
            (numbers.shallow_clone(), "row-major"),
            (last.shallow_clone(), "channels-last"),
            (numbers.slice(3, 0, 5, 2), "with gaps"),
            (numbers.select(0, 1).transpose(0, 2), "turned round"),
            (numbers.slice(0, 0, 1, 1).slice(1, 0, 1, 1), "sides of one"),
        ] {
            let place = Place::of("key", 16, &tensor);
            let mut view = place.view(&buffer);
            view.copy_(&tensor);
            assert_eq!(view, tensor, "{what}");
            let flat = buffer.narrow(0, 16, place.length);
            assert_eq!(place.flat(&tensor), flat, "{what}");
            assert_eq!(place.flat(&tensor.contiguous()), flat, "{what}, of other strides");
            assert_eq!(place.end() % LINE, 0);
            if what != "with gaps" {
                assert_eq!(view.stride(), tensor.stride(), "{what}");
            }
        }
    }
}
