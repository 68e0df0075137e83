"""A picture is drawn anew to a text where it fits it least, and stays what it is elsewhere.

CLIP's gradient moves a picture in small steps, and a prior that looks at the codes around a hidden
one writes what they suggest: a meadow stays green. So the codes are first asked one by one, without
their neighbours, how much likelier the text makes them; those that it makes least likely are hidden
all at once and written anew between the others, as a masked prior completes a picture (Chang et
al., *MaskGIT*, arXiv 2202.04200, sec. 4.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from vqgan_space.generation.given import Progress
from vqgan_space.generation.masked import cover
from vqgan_space.generation.synthesizer import Synthesizer
from vqgan_space.models.masked_prior import MaskedPrior

# Weight of a code's own score; the others are the mean with its neighbours', since what is drawn
# anew in patches looks torn.
_OWN = 0.3


def redraw_steps(
    synthesizer: Synthesizer,
    embedding: Tensor,
    codes: Tensor,
    known: Tensor,
    seeds: Sequence[int],
    steps: int = 16,
    guidance: float = 3.0,
    top_p: float = 0.8,
) -> Iterator[Progress]:
    """The codes that fit a text least are written anew, step by step.

    Args:
        synthesizer: the set that drafts.
        embedding: of the text, (1, D), as ``draft_embedding`` makes it.
        codes: (h, w) of the picture.
        known: where they stay, bool (h, w), as ``fitting`` finds it.
        seeds: of each picture that comes of it.
        steps, guidance, top_p: of the sampling.

    Yields:
        Codes (B, h, w) so far, those that stay known from the start.
    """
    size = (codes.shape[0], codes.shape[1])
    return synthesizer.sample_steps(
        embedding,
        size,
        seed=list(seeds),
        known=codes[None].cpu(),
        known_region=known,
        steps=steps,
        guidance=guidance,
        top_p=top_p,
    )


@torch.inference_mode()
def fitting(synthesizer: Synthesizer, embedding: Tensor, codes: Tensor, share: float) -> Tensor:
    """Where codes (h, w) stay, bool (h, w): all but the ``share`` that fits the text least.

    Raises:
        ValueError: a set whose prior is not a masked one that reads texts, or another share than 0
            to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"The share to redraw must be from 0 to 1, got {share:g}.")
    prior = synthesizer.prior
    if not isinstance(prior, MaskedPrior) or prior.config.condition != "vector":
        raise ValueError("This set can't redraw a picture: its prior reads no texts.")
    device = prior.row_emb.device
    size = (codes.shape[0], codes.shape[1])
    scores, looks = torch.zeros(size), torch.zeros(size)
    for top, left in cover(size, prior.window):
        part = (slice(top, top + prior.window[0]), slice(left, left + prior.window[1]))
        own = codes[part].to(device)
        hidden = torch.full_like(own, prior.hidden)[None].expand(2, -1, -1)
        both, dropped = embedding.to(device).expand(2, -1), torch.tensor([False, True])
        logits = prior(hidden, both, dropped.to(device)).float().log_softmax(dim=-1)
        gain = (logits[0] - logits[1]).gather(-1, own[..., None])[..., 0]  # (h', w')
        scores[part] += gain.cpu()
        looks[part] += 1
    scores = scores / looks
    around = F.pad(scores[None, None], (1, 1, 1, 1), mode="replicate")
    scores = _OWN * scores + (1 - _OWN) * F.avg_pool2d(around, 3, stride=1)[0, 0]
    known = torch.ones(scores.numel(), dtype=torch.bool)
    known[scores.flatten().argsort(stable=True)[: round(share * scores.numel())]] = False
    return known.view(size)
