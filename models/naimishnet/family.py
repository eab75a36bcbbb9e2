"""NaimishNet as the shared training knows it."""

from models.naimishnet.network import Architecture, NaimishNet
from models.training.families import Family
from models.training.point_loss import PointLoss, PointLossRecipe

FAMILY = Family(
    read_network=Architecture.from_table,
    read_loss=PointLossRecipe.from_table,
    build_network=NaimishNet,
    build_loss=lambda recipe, _attributes: PointLoss(recipe, "unit"),
)
