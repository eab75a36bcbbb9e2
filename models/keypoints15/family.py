"""The 15-point system as the shared training knows it."""

from app.core.layout import KEYPOINTS15
from models.keypoints15.network import Architecture, Keypoints15
from models.training.families import Family
from models.training.point_loss import PointLoss, PointLossRecipe

FAMILY = Family(
    read_network=Architecture.from_table,
    read_loss=PointLossRecipe.from_table,
    build_network=Keypoints15,
    build_loss=lambda recipe, _attributes: PointLoss(recipe, "symmetric"),
    layout=KEYPOINTS15,
    coordinates="symmetric",
)
