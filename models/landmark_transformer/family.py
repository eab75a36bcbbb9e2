"""The landmark Transformer as the shared training knows it."""

from models.landmark_transformer.network import Architecture, LandmarkTransformer
from models.training.families import Family
from models.training.point_loss import PointLoss, PointLossRecipe

FAMILY = Family(
    read_network=Architecture.from_table,
    read_loss=PointLossRecipe.from_table,
    build_network=LandmarkTransformer,
    build_loss=lambda recipe, _attributes: PointLoss(recipe, "unit"),
    # Tokens and encoder lose 0.7 points in int8 and are no faster; see RESULTS.md.
    quantized_parts=("resnet",),
)
