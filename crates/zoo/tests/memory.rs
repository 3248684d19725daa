//! Tensors use the memory that others have left. Alone in its program: what it sets holds for the whole process.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use tch::{Device, Kind, Tensor};

/// Bytes; one above the size from which glibc asks the system by default, one odd.
const SIZES: [i64; 4] = [4096, 65_537, 1 << 20, 40 << 20];

fn tensor(bytes: i64) -> Tensor {
    Tensor::ones([bytes], (Kind::Uint8, Device::Cpu))
}

fn addresses(tensors: &[Tensor]) -> BTreeSet<usize> {
    tensors.iter().map(|tensor| tensor.data_ptr() as usize).collect()
}

#[test]
fn tensors_fit_where_others_of_their_size_were() {
    let before = tensor(1 << 20);
    assert!(zoo::keep_freed_memory());
    for bytes in SIZES {
        // Something small behind each, so that two neighbours do not become one gap.
        let (mut left, walls): (Vec<Tensor>, Vec<Tensor>) =
            (0..8).map(|_| (tensor(bytes), tensor(64))).unzip();
        let there = addresses(&left);
        assert!(
            there.iter().all(|address| address % 64 == 0),
            "{bytes} bytes: not aligned as libtorch wants it"
        );
        left.clear();
        let again: Vec<Tensor> = (0..8).map(|_| tensor(bytes)).collect();
        assert_eq!(addresses(&again), there, "{bytes} bytes");
        drop(walls);
    }

    // What was made before, and what changes its size, is as ever.
    let mut grown = tensor(1000);
    let _ = grown.resize_([3_000_000]);
    assert_eq!(grown.narrow(0, 0, 1000).sum(Kind::Int64).int64_value(&[]), 1000);
    assert_eq!(before.sum(Kind::Int64).int64_value(&[]), 1 << 20);
    drop(before);
    let refusal = Tensor::f_zeros([1 << 60], (Kind::Uint8, Device::Cpu)).unwrap_err().to_string();
    assert!(refusal.contains("not enough memory: a tensor of 1152921504606846976 bytes"), "{refusal}");
    assert_eq!(Tensor::zeros([0], (Kind::Float, Device::Cpu)).numel(), 0);
}
