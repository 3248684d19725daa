//! The zoo: segmentation networks as encoders × decoders, and their weights.

#[cfg(test)]
mod tests {
    #[test]
    fn libtorch_links_and_computes() {
        let x = tch::Tensor::from_slice(&[1f32, 2.0]);
        assert_eq!(f64::try_from(x.sum(tch::Kind::Float)).ok(), Some(3.0));
    }
}
