//! Layouts of published encoder weights: the rules by which each library's keys become ours.
//!
//! Our encoders have the keys of segmentation-models-pytorch, which for most families are those of timm, torchvision
//! or the authors already. A [`Layout`] is a table of rules for the others. Every rule of a layout is applied to every
//! key, one after the other.

/// How a library keeps weights of one or more families.
pub(super) struct Layout {
    /// The library, or all whose layout it is.
    pub(super) libraries: &'static [&'static str],
    /// Pattern and replacement. `{n+k}` and `{n/k}` in a replacement are worked out; `#` in it is how many matches of
    /// the pattern have lower numbers in their groups. A key that becomes `key[i]` is part `i` of a tensor that is split
    /// along its first axis.
    pub(super) rules: &'static [(&'static str, &'static str)],
}

pub(super) const LAYOUTS: &[Layout] = &[
    Layout { libraries: &["segmentation-models-pytorch", "timm", "torchvision"], rules: &[] },
    // Encoders `tu-*` are timm's in a wrapper, and some of those have their outermost lists taken apart.
    Layout { libraries: &["timm"], rules: &[("^", "model.")] },
    Layout {
        libraries: &["timm"],
        rules: &[(r"^(stem|stages|layers|blocks)\.(\d+)\.", "${1}_$2."), ("^", "model.")],
    },
    // Before torchvision 0.3.
    Layout { libraries: &["torchvision"], rules: &[(r"(denselayer\d+)\.(norm|conv)\.(\d)\.", "$1.$2$3.")] },
    Layout { libraries: &["torchvision"], rules: &[(r"^features\.", "")] },
    Layout {
        libraries: &["torchvision"],
        rules: &[
            (r"^features\.0\.0\.", "model.patch_embed.proj."),
            (r"^features\.0\.2\.", "model.patch_embed.norm."),
            (r"^features\.([246])\.(norm|reduction)\.", "model.layers_{$1/2}.downsample.$2."),
            (r"^features\.([1357])\.", "model.layers_{$1/2}.blocks."),
            (r"\.mlp\.0\.", ".mlp.fc1."),
            (r"\.mlp\.3\.", ".mlp.fc2."),
        ],
    },
    Layout {
        libraries: &["torchvision"],
        rules: &[
            (r"^features\.0\.([01])\.", "model.stem_$1."),
            (r"^features\.([246])\.([01])\.", "model.stages_{$1/2}.downsample.$2."),
            (r"^features\.([1357])\.", "model.stages_{$1/2}.blocks."),
            (r"\.layer_scale$", ".gamma"),
            (r"\.block\.0\.", ".conv_dw."),
            (r"\.block\.2\.", ".norm."),
            (r"\.block\.3\.", ".mlp.fc1."),
            (r"\.block\.5\.", ".mlp.fc2."),
        ],
    },
    // MobileNetV2.
    Layout {
        libraries: &["timm"],
        rules: &[
            (r"^conv_stem\.", "features.0.0."),
            (r"^bn1\.", "features.0.1."),
            (r"^(blocks\.0\.\d)\.conv_dw\.", "$1.conv.0.0."),
            (r"^(blocks\.0\.\d)\.bn1\.", "$1.conv.0.1."),
            (r"^(blocks\.0\.\d)\.conv_pw\.", "$1.conv.1."),
            (r"^(blocks\.0\.\d)\.bn2\.", "$1.conv.2."),
            (r"\.conv_pw\.", ".conv.0.0."),
            (r"\.bn1\.", ".conv.0.1."),
            (r"\.conv_dw\.", ".conv.1.0."),
            (r"\.bn2\.", ".conv.1.1."),
            (r"\.conv_pwl\.", ".conv.2."),
            (r"\.bn3\.", ".conv.3."),
            (r"^blocks\.(\d)\.(\d)\.", "features.{#+1}."),
            (r"^conv_head\.", "features.18.0."),
            (r"^bn2\.", "features.18.1."),
        ],
    },
    // EfficientNet, whose keys are EfficientNet-PyTorch's.
    Layout {
        libraries: &["timm"],
        rules: &[
            (r"^conv_(stem|head)\.", "_conv_$1."),
            (r"^bn1\.", "_bn0."),
            (r"^bn2\.", "_bn1."),
            (r"^(blocks\.0\.\d+)\.bn([12])\.", "$1._bn$2."),
            (r"^(blocks\.0\.\d+)\.conv_pw\.", "$1._project_conv."),
            (r"\.conv_pw\.", "._expand_conv."),
            (r"\.bn1\.", "._bn0."),
            (r"\.conv_dw\.", "._depthwise_conv."),
            (r"\.bn2\.", "._bn1."),
            (r"\.se\.conv_(reduce|expand)\.", "._se_$1."),
            (r"\.conv_pwl\.", "._project_conv."),
            (r"\.bn3\.", "._bn2."),
            (r"^blocks\.(\d+)\.(\d+)\.", "_blocks.{#+0}."),
        ],
    },
    Layout {
        libraries: &["torchvision"],
        rules: &[
            (r"^features\.0\.0\.", "_conv_stem."),
            (r"^features\.0\.1\.", "_bn0."),
            (r"^features\.8\.0\.", "_conv_head."),
            (r"^features\.8\.1\.", "_bn1."),
            // Blocks of the first stage do not expand, and count from what would be the second layer.
            (r"^(features\.1\.\d+\.block)\.(\d)\.", "$1.{$2+1}."),
            (r"\.block\.0\.0\.", "._expand_conv."),
            (r"\.block\.1\.0\.", "._depthwise_conv."),
            (r"\.block\.3\.0\.", "._project_conv."),
            (r"\.block\.([01])\.1\.", "._bn$1."),
            (r"\.block\.3\.1\.", "._bn2."),
            (r"\.block\.2\.fc1\.", "._se_reduce."),
            (r"\.block\.2\.fc2\.", "._se_expand."),
            (r"^features\.(\d+)\.(\d+)\.", "_blocks.{#+0}."),
        ],
    },
    // RegNet.
    Layout {
        libraries: &["torchvision"],
        rules: &[
            (r"^stem\.0\.", "model.stem.conv."),
            (r"^stem\.1\.", "model.stem.bn."),
            (r"^trunk_output\.block\d\.block(\d)-(\d+)\.", "model.s$1.b{$2+1}."),
            (r"\.f\.a\.", ".conv1."),
            (r"\.f\.b\.", ".conv2."),
            (r"\.f\.c\.", ".conv3."),
            (r"\.proj\.", ".downsample."),
            (r"\.(conv[123]|downsample)\.0\.", ".$1.conv."),
            (r"\.(conv[123]|downsample)\.1\.", ".$1.bn."),
        ],
    },
    // What transformers calls its models stands before each key.
    Layout { libraries: &["transformers"], rules: &[(r"^(swin|convnext|resnet|segformer)\.", "")] },
    Layout { libraries: &["transformers"], rules: &[(r"^segformer\.encoder\.", "")] },
    Layout {
        libraries: &["transformers"],
        rules: &[
            (r"^resnet\.embedder\.embedder\.convolution\.", "conv1."),
            (r"^resnet\.embedder\.embedder\.normalization\.", "bn1."),
            (r"^resnet\.encoder\.stages\.(\d)\.layers\.", "layer{$1+1}."),
            (r"\.layer\.(\d)\.convolution\.", ".conv{$1+1}."),
            (r"\.layer\.(\d)\.normalization\.", ".bn{$1+1}."),
            (r"\.shortcut\.convolution\.", ".downsample.0."),
            (r"\.shortcut\.normalization\.", ".downsample.1."),
        ],
    },
    Layout {
        libraries: &["transformers"],
        rules: &[
            (r"^segformer\.encoder\.patch_embeddings\.(\d)\.", "patch_embed{$1+1}."),
            (r"^segformer\.encoder\.block\.(\d)\.", "block{$1+1}."),
            (r"^segformer\.encoder\.layer_norm\.(\d)\.", "norm{$1+1}."),
            (r"^(patch_embed\d)\.layer_norm\.", "$1.norm."),
            (r"\.layer_norm_([12])\.", ".norm$1."),
            (r"\.attention\.self\.query\.", ".attn.q."),
            (r"\.attention\.self\.key\.(\w+)$", ".attn.kv.$1[0]"),
            (r"\.attention\.self\.value\.(\w+)$", ".attn.kv.$1[1]"),
            (r"\.attention\.self\.sr\.", ".attn.sr."),
            (r"\.attention\.self\.layer_norm\.", ".attn.norm."),
            (r"\.attention\.output\.dense\.", ".attn.proj."),
            (r"\.mlp\.dense([12])\.", ".mlp.fc$1."),
        ],
    },
    // The same since transformers 5.
    Layout {
        libraries: &["transformers"],
        rules: &[
            (r"^segformer\.stages\.(\d)\.patch_embeddings\.", "patch_embed{$1+1}."),
            (r"^segformer\.stages\.(\d)\.blocks\.", "block{$1+1}."),
            (r"^segformer\.stages\.(\d)\.layer_norm\.", "norm{$1+1}."),
            (r"^(patch_embed\d)\.layer_norm\.", "$1.norm."),
            (r"\.layernorm_before\.", ".norm1."),
            (r"\.layernorm_after\.", ".norm2."),
            (r"\.attention\.q_proj\.", ".attn.q."),
            (r"\.attention\.k_proj\.(\w+)$", ".attn.kv.$1[0]"),
            (r"\.attention\.v_proj\.(\w+)$", ".attn.kv.$1[1]"),
            (r"\.attention\.o_proj\.", ".attn.proj."),
            (r"\.attention\.sequence_reduction\.sequence_reduction\.", ".attn.sr."),
            (r"\.attention\.sequence_reduction\.layer_norm\.", ".attn.norm."),
        ],
    },
    Layout {
        libraries: &["transformers"],
        rules: &[
            (r"^swin\.embeddings\.patch_embeddings\.projection\.", "model.patch_embed.proj."),
            (r"^swin\.embeddings\.norm\.", "model.patch_embed.norm."),
            (r"^swin\.encoder\.layers\.(\d)\.downsample\.", "model.layers_{$1+1}.downsample."),
            (r"^swin\.encoder\.layers\.(\d)\.", "model.layers_$1."),
            (r"\.layernorm_before\.", ".norm1."),
            (r"\.layernorm_after\.", ".norm2."),
            (r"\.attention\.(?:self\.query|q_proj)\.(\w+)$", ".attn.qkv.$1[0]"),
            (r"\.attention\.(?:self\.key|k_proj)\.(\w+)$", ".attn.qkv.$1[1]"),
            (r"\.attention\.(?:self\.value|v_proj)\.(\w+)$", ".attn.qkv.$1[2]"),
            (r"\.attention\.(?:self|relative_position_bias)\.relative", ".attn.relative"),
            (r"\.attention\.(?:output\.dense|o_proj)\.", ".attn.proj."),
            (r"\.intermediate\.dense\.", ".mlp.fc1."),
            (r"\.output\.dense\.", ".mlp.fc2."),
        ],
    },
    Layout {
        libraries: &["transformers"],
        rules: &[
            (r"^convnext\.embeddings\.patch_embeddings\.", "model.stem_0."),
            (r"^convnext\.embeddings\.layernorm\.", "model.stem_1."),
            (r"^convnext\.encoder\.stages\.(\d)\.downsampling_layer\.", "model.stages_$1.downsample."),
            (r"^convnext\.encoder\.stages\.(\d)\.layers\.", "model.stages_$1.blocks."),
            (r"\.dwconv\.", ".conv_dw."),
            (r"\.layernorm\.", ".norm."),
            (r"\.pwconv([12])\.", ".mlp.fc$1."),
            (r"\.layer_scale_parameter$", ".gamma"),
        ],
    },
];

/// Keys that only a classifier has: heads, and what lies between the last feature map and the head.
pub(super) const CLASSIFIER: &str = r"(?x)
    ^(fc|_fc|last_linear|classifier|head|head_dist|norm|norm_pre|final_conv|conv_head|_conv_head|_bn1|bn2)\.
    | ^(final_layer|incre_modules|downsamp_modules)\.
    | ^(resnet|segformer|swin|convnext)\.layernorm\.
    | ^features\.norm5\. | ^features\.18\.";

/// Keys of what is worked out when a model is built, and need not be loaded.
pub(super) const DERIVED: &str = r"\.(relative_position_index|relative_coords_table|attn_mask)$";

/// Keys of layers that an encoder has and the classifier which it comes from lacks: they start as in a new model.
pub(super) const FRESH: &str = r"^hidden_states_norms\.";
