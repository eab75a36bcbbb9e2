"""PFLD as the shared training knows it."""

from models.pfld.gaps import widen_gaps
from models.pfld.loss import LossRecipe, PfldLoss
from models.pfld.network import Architecture, Pfld
from models.training.families import Family

FAMILY = Family(
    read_network=Architecture.from_table,
    read_loss=LossRecipe.from_table,
    build_network=Pfld,
    build_loss=PfldLoss,
    pose=True,
    aside=True,
    finish=widen_gaps,
)
