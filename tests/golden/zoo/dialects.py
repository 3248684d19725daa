"""The zoo's models whose reference is torchvision or transformers, by the zoo's names.

`MODELS[name](classes)` builds one, with the reference's initialisation and what it has beside the logits' path, such as
auxiliary heads. Configurations of transformers: those of the published checkpoints `nvidia/segformer-b*` and
`openmmlab/upernet-*`.
"""

import torch
import torchvision
import transformers
from torch.nn.functional import interpolate
from transformers.core_model_loading import revert_weight_conversion


class Logits(torch.nn.Module):
    """A reference model whose output is one tensor of logits at the images' size."""

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        outputs = self.model(images)
        logits = outputs["out"] if isinstance(outputs, dict) and "out" in outputs else outputs.logits
        return interpolate(logits, size=images.shape[2:], mode="bilinear", align_corners=False)

    def native(self) -> dict[str, torch.Tensor]:
        """The tensors of the state dict, in its order, by the keys that checkpoints have.

        transformers' modules are called otherwise than its checkpoints' keys; saving renames them.
        """
        state = self.model.state_dict(keep_vars=True)
        if not isinstance(self.model, transformers.PreTrainedModel):
            return state
        published = revert_weight_conversion(self.model, dict(state))
        keys = {id(tensor): key for key, tensor in published.items()}
        return {keys[id(tensor)]: tensor for tensor in state.values()}


def torchvision_model(name: str, **options):
    def build(classes: int) -> Logits:
        construct = getattr(torchvision.models.segmentation, name)
        return Logits(construct(weights=None, weights_backbone=None, num_classes=classes, **options))

    return build


def segformer(hidden_sizes: list[int], depths: list[int], decoder: int):
    def build(classes: int) -> Logits:
        config = transformers.SegformerConfig(
            hidden_sizes=hidden_sizes, depths=depths, decoder_hidden_size=decoder, num_labels=classes
        )
        return Logits(transformers.SegformerForSemanticSegmentation(config))

    return build


def upernet(backbone: transformers.PreTrainedConfig):
    def build(classes: int) -> Logits:
        config = transformers.UperNetConfig(backbone_config=backbone, num_labels=classes)
        return Logits(transformers.UperNetForSemanticSegmentation(config))

    return build


STAGES = [f"stage{number}" for number in range(1, 5)]


def swin(channels: int, heads: int, depth: int, window: int) -> transformers.SwinConfig:
    return transformers.SwinConfig(
        embed_dim=channels,
        num_heads=[heads << stage for stage in range(4)],
        depths=[2, 2, depth, 2],
        window_size=window,
        out_features=STAGES,
    )


def convnext(channels: int, depth: int) -> transformers.ConvNextConfig:
    return transformers.ConvNextConfig(
        hidden_sizes=[channels << stage for stage in range(4)], depths=[3, 3, depth, 3], out_features=STAGES
    )


WIDE = [64, 128, 320, 512]
MODELS = {
    "fcn/resnet50": torchvision_model("fcn_resnet50", aux_loss=True),
    "fcn/resnet101": torchvision_model("fcn_resnet101", aux_loss=True),
    "torchvision-deeplabv3/resnet50": torchvision_model("deeplabv3_resnet50", aux_loss=True),
    "torchvision-deeplabv3/resnet101": torchvision_model("deeplabv3_resnet101", aux_loss=True),
    "lraspp/mobilenet_v3_large": torchvision_model("lraspp_mobilenet_v3_large"),
    "hf-segformer/mit_b0": segformer([32, 64, 160, 256], [2, 2, 2, 2], 256),
    "hf-segformer/mit_b1": segformer(WIDE, [2, 2, 2, 2], 256),
    "hf-segformer/mit_b2": segformer(WIDE, [3, 4, 6, 3], 768),
    "hf-segformer/mit_b3": segformer(WIDE, [3, 4, 18, 3], 768),
    "hf-segformer/mit_b4": segformer(WIDE, [3, 8, 27, 3], 768),
    "hf-segformer/mit_b5": segformer(WIDE, [3, 6, 40, 3], 768),
    "hf-upernet/swin_tiny": upernet(swin(96, 3, 6, 7)),
    "hf-upernet/swin_small": upernet(swin(96, 3, 18, 7)),
    "hf-upernet/swin_base": upernet(swin(128, 4, 18, 12)),
    "hf-upernet/swin_large": upernet(swin(192, 6, 18, 12)),
    "hf-upernet/convnext_tiny": upernet(convnext(96, 9)),
    "hf-upernet/convnext_small": upernet(convnext(96, 27)),
    "hf-upernet/convnext_base": upernet(convnext(128, 27)),
}
# Checkpoints have these, and logits do not depend on them.
UNUSED = ("aux_classifier.", "auxiliary_head.", "backbone.swin.layernorm.")
