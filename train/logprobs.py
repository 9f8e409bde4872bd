"""Log-probabilities of given tokens under a causal model, from its last hidden states: the one place where the vocabulary is touched.

The textbook multiplies all hidden states by the vocabulary matrix and takes a log-softmax: at 32,768 tokens and 151,936 words that is 18.5
GiB of fp32 for each copy, and autograd keeps two or three. Here the tokens go through in chunks, each chunk's logits are used up before the
next one's are made, and the backward pass makes them again instead of keeping them. What is held is LOGIT_BYTES, whatever the length.

Precision: the matrix products run in autocast's dtype where autocast is on, else in that of hidden states and weights; all that follows
(scale, softcap, log-sum-exp, entropy, the weight's gradient over the chunks) in fp32, or in fp64 for fp64 input. So under bf16 autocast a
logit carries bf16's rounding, as vLLM's does, and nothing else.

`summed_nll` is for a loss whose weights are known before the forward pass (SFT): it makes the gradient while the logits are there and
spares the second making, one matrix product of four (1,000 tokens, D 576, V 49,152 on one core: 1.2 s against 1.6 under bf16 autocast, 2.0
against 2.7 in fp32).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

# A chunk's logits, in the dtype of the matrix products. A GPU wants taller matrices, and holds an fp32 copy beside a bf16 chunk.
LOGIT_BYTES = {"cpu": 64 << 20, "cuda": 512 << 20}
CACHE_BYTES = 2 << 20  # on a CPU a chunk is gone over in strips of this size, which stay in a core's cache from one operation to the next

Tensor = Any  # torch.Tensor: torch is not typed here


class Head(NamedTuple):
    """What a causal model does with its last hidden state: logits = cap(scale * (hidden @ weight.T + bias)), cap(x) = softcap * tanh(x /
    softcap).

    `softcap` is Gemma 2's final_logit_softcapping, `scale` Cohere's logit_scale (Granite divides: 1 / logits_scaling). weight_VD is a plain
    tensor: gather a sharded one first.
    """

    weight_VD: Tensor
    bias_V: Tensor | None = None
    softcap: float | None = None
    scale: float = 1.0


class Scored(NamedTuple):
    """Natural-log probabilities of the targets, and the entropy in nats of the whole distribution at each position (None unless asked for;
    it carries no gradient).
    """

    logprobs_N: Tensor
    entropy_N: Tensor | None


def token_logprobs(
    hidden_ND: Tensor, head: Head, targets_N: Tensor, temperature: float = 1.0, *, entropy: bool = False, chunk_bytes: int | None = None
) -> Scored:
    """log softmax(logits / temperature) at each target, in fp32. Differentiable in hidden_ND, head.weight_VD and head.bias_V; what is
    frozen gets no gradient and costs none.

    hidden_ND[i] is the state that predicts targets_N[i]: the caller has shifted. `temperature` is the one that the tokens were sampled
    with. Tokens whose gradient comes in as zero are left out of the backward pass. `chunk_bytes` replaces LOGIT_BYTES. ValueError for
    shapes that do not fit and a temperature that is not positive.
    """
    _check(hidden_ND, head, targets_N)
    if not temperature > 0:
        raise ValueError(f"temperature {temperature} is not positive: greedy tokens have no distribution to score")
    job = _Job(head.softcap, head.scale, temperature, _matmul_dtype(hidden_ND, head), chunk_bytes or _chunk_bytes(hidden_ND))
    logprobs_N, entropy_N = _TokenLogprobs.apply(hidden_ND, head.weight_VD, head.bias_V, targets_N, job, entropy)
    return Scored(logprobs_N, entropy_N if entropy else None)


def summed_nll(hidden_ND: Tensor, head: Head, targets_N: Tensor, weights_N: Tensor, *, chunk_bytes: int | None = None) -> Tensor:
    """sum of weights_N * -log p(target), a scalar in fp32: the same as from `token_logprobs`, with the gradient made in the forward pass.

    Tokens of weight zero are left out of everything. weights_N gets no gradient. backward() works once; put the denominator into the
    weights, so that the gradients need no second pass.
    """
    _check(hidden_ND, head, targets_N)
    wanted = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (hidden_ND, head.weight_VD, head.bias_V))
    job = _Job(head.softcap, head.scale, 1.0, _matmul_dtype(hidden_ND, head), chunk_bytes or _chunk_bytes(hidden_ND))
    return _SummedNll.apply(hidden_ND, head.weight_VD, head.bias_V, targets_N, weights_N, job, wanted)


class _Job(NamedTuple):
    """What does not change from chunk to chunk."""

    softcap: float | None
    scale: float
    temperature: float
    dtype: Any  # of the matrix products
    chunk_bytes: int


class _TokenLogprobs(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor, targets_N: Tensor, job: _Job, entropy: bool) -> Any:
        logprobs_N, lse_N, entropy_N = (hidden_ND.new_empty(len(targets_N), dtype=_fp(hidden_ND)) for _ in range(3))
        for logits in _logits(hidden_ND, weight_VD, bias_V, job):
            for rows, x_nV, _ in logits.strips(job, slope=False):
                logprobs_N[rows] = x_nV.gather(1, targets_N[rows, None]).squeeze(1)
                top_n1 = x_nV.amax(1, keepdim=True)
                e_nV = x_nV.sub_(top_n1).exp() if entropy else x_nV.sub_(top_n1).exp_()
                sum_n = e_nV.sum(1)
                lse_N[rows] = top_n1.squeeze(1) + sum_n.log()
                if entropy:
                    entropy_N[rows] = sum_n.log() - e_nV.mul_(x_nV).sum(1) / sum_n
        ctx.job = job
        ctx.save_for_backward(hidden_ND, weight_VD, bias_V, targets_N, lse_N)
        ctx.mark_non_differentiable(entropy_N)
        return logprobs_N.sub_(lse_N), entropy_N

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, upstream_N: Tensor, _: Tensor) -> Any:
        hidden_ND, weight_VD, bias_V, targets_N, lse_N = ctx.saved_tensors
        used_M = upstream_N.nonzero().squeeze(1)  # a group without spread, a masked token: nothing to send back
        upstream_N, targets_N, lse_N = upstream_N[used_M], targets_N[used_M], lse_N[used_M]
        grads = _Gradients(hidden_ND, weight_VD, bias_V, ctx.needs_input_grad, used_M)
        for logits in _logits(grads.hidden_MD, weight_VD, bias_V, ctx.job):
            for rows, x_nV, slope_nV in logits.strips(ctx.job, slope=True):
                _softmax_gradient(x_nV.sub_(lse_N[rows, None]).exp_(), upstream_N[rows], targets_N[rows], slope_nV, ctx.job)
                logits.put(rows, x_nV)
            grads.add(logits)
        return *grads.result(), None, None, None


class _SummedNll(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any, hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor, targets_N: Tensor, weights_N: Tensor, job: _Job, wanted: bool
    ) -> Any:
        used_M = weights_N.nonzero().squeeze(1)
        targets_M, weights_M = targets_N[used_M], weights_N[used_M].to(_fp(hidden_ND))
        grads = _Gradients(hidden_ND, weight_VD, bias_V, ctx.needs_input_grad if wanted else (False, False, False), used_M)
        total = hidden_ND.new_zeros((), dtype=_fp(hidden_ND))
        for logits in _logits(grads.hidden_MD, weight_VD, bias_V, job):
            for rows, x_nV, slope_nV in logits.strips(job, slope=wanted):
                target_n1, top_n1 = x_nV.gather(1, targets_M[rows, None]), x_nV.amax(1, keepdim=True)
                sum_n1 = x_nV.sub_(top_n1).exp_().sum(1, keepdim=True)
                total += ((top_n1 + sum_n1.log() - target_n1).squeeze(1) * weights_M[rows]).sum()
                if wanted:
                    _softmax_gradient(x_nV, -weights_M[rows], targets_M[rows], slope_nV, job, sum_n1)
                    logits.put(rows, x_nV)
            if wanted:
                grads.add(logits)
        ctx.made = grads.result() if wanted else None
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, upstream: Tensor) -> Any:
        made, ctx.made = ctx.made, None
        if made is None:
            raise RuntimeError("summed_nll: the gradient was made in the forward pass and has been handed out: backward() works once")
        if upstream != 1:
            for grad in made:
                if grad is not None:
                    grad.mul_(upstream)
        return *made, None, None, None, None


def _softmax_gradient(
    e_nV: Tensor, upstream_n: Tensor, targets_n: Tensor, slope_nV: Tensor | None, job: _Job, sum_n1: Tensor | None = None
) -> None:
    """Turns e^(x - const) in place into the gradient in the raw logits: upstream * (one-hot - softmax), times what scale, softcap and
    temperature stretch. `sum_n1`: where e is not normalised yet.
    """
    reach_n1 = (upstream_n * (job.scale / job.temperature))[:, None]
    e_nV.mul_(-reach_n1 if sum_n1 is None else -reach_n1 / sum_n1).scatter_add_(1, targets_n[:, None], reach_n1)
    if slope_nV is not None:
        e_nV.mul_(slope_nV)


class _Logits:
    """One chunk: its hidden states and raw logits in the dtype of the matrix products, which the gradient overwrites."""

    def __init__(self, start: int, hidden_nD: Tensor, weight_VD: Tensor, raw_nV: Tensor) -> None:
        self.start, self.hidden_nD, self.weight_VD, self.raw_nV = start, hidden_nD, weight_VD, raw_nV

    def strips(self, job: _Job, *, slope: bool) -> Iterator[tuple[slice, Tensor, Tensor | None]]:
        """(rows of the whole, final logits over the temperature in fp32, the softcap's derivative or None). The strip is the caller's to
        overwrite.
        """
        n, words = self.raw_nV.shape
        step = max(1, CACHE_BYTES // (4 * words)) if self.raw_nV.device.type == "cpu" else n
        for at in range(0, n, step):
            raw_sV = self.raw_nV[at : at + step]
            x_sV = raw_sV.to(_fp(raw_sV))  # the same memory if it is fp32 already
            slope_sV = None
            if job.softcap is None:
                factor = job.scale / job.temperature
                if factor != 1:
                    x_sV.mul_(factor)
            else:
                x_sV.mul_(job.scale / job.softcap).tanh_()
                slope_sV = 1 - x_sV.square() if slope else None
                x_sV.mul_(job.softcap / job.temperature)
            yield slice(self.start + at, self.start + at + len(x_sV)), x_sV, slope_sV

    def put(self, rows: slice, x_sV: Tensor) -> None:
        """The strip's gradient, back into the chunk; nothing to do where the strip is the chunk's own memory."""
        raw_sV = self.raw_nV[rows.start - self.start : rows.stop - self.start]
        if raw_sV.data_ptr() != x_sV.data_ptr():
            raw_sV.copy_(x_sV)


def _logits(hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor | None, job: _Job) -> Iterator[_Logits]:
    """The chunks, one after the other in the same memory."""
    weight_VD = weight_VD.to(job.dtype)
    bias_V = None if bias_V is None else bias_V.to(job.dtype)
    most = max(1, job.chunk_bytes // (job.dtype.itemsize * len(weight_VD)))
    step = max(
        1, -(-len(hidden_ND) // max(1, -(-len(hidden_ND) // most)))
    )  # chunks of one height: a last one of a few rows would cost a whole pass over the weight's gradient
    buffer_nV = hidden_ND.new_empty(step, len(weight_VD), dtype=job.dtype)
    with torch.autocast(hidden_ND.device.type, enabled=False):
        for start in range(0, len(hidden_ND), step):
            hidden_nD = hidden_ND[start : start + step].to(job.dtype)
            raw_nV = buffer_nV[: len(hidden_nD)]
            if bias_V is None:
                torch.mm(hidden_nD, weight_VD.T, out=raw_nV)
            else:
                torch.addmm(bias_V, hidden_nD, weight_VD.T, out=raw_nV)
            yield _Logits(start, hidden_nD, weight_VD, raw_nV)


class _Gradients:
    """Gathers the gradients over the chunks: those of weight and bias in fp32, whatever the products run in."""

    def __init__(self, hidden_ND: Tensor, weight_VD: Tensor, bias_V: Tensor | None, needed: Any, used_M: Tensor) -> None:
        """`used_M`: the tokens that take part; the others' gradient is zero. `needed`: for hidden, weight, bias."""
        self.all_used = len(used_M) == len(hidden_ND)
        self.hidden_MD = hidden_ND if self.all_used else hidden_ND[used_M]
        self.shapes, self.used_M = (hidden_ND, weight_VD, bias_V), used_M
        self.hidden = torch.zeros_like(self.hidden_MD) if needed[0] else None
        self.weight = torch.zeros_like(weight_VD, dtype=_fp(weight_VD)) if needed[1] else None
        self.bias = torch.zeros_like(bias_V, dtype=_fp(bias_V)) if needed[2] else None

    def add(self, logits: _Logits) -> None:
        """Takes in a chunk whose raw logits have been overwritten by their gradient."""
        grad_nV, n = logits.raw_nV, len(logits.raw_nV)
        if self.hidden is not None:
            self.hidden[logits.start : logits.start + n] = grad_nV @ logits.weight_VD
        if self.weight is not None:
            if self.weight.dtype == grad_nV.dtype:
                self.weight.addmm_(grad_nV.T, logits.hidden_nD)
            else:
                self.weight.add_(grad_nV.T @ logits.hidden_nD)
        if self.bias is not None:
            self.bias.add_(grad_nV.sum(0, dtype=self.bias.dtype))

    def result(self) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """In the dtypes and shapes of hidden, weight and bias."""
        hidden_ND, weight_VD, bias_V = self.shapes
        hidden = self.hidden
        if hidden is not None and not self.all_used:
            hidden = torch.zeros_like(hidden_ND).index_copy_(0, self.used_M, hidden)
        return (
            hidden,
            None if self.weight is None else self.weight.to(weight_VD.dtype),
            None if self.bias is None or bias_V is None else self.bias.to(bias_V.dtype),
        )


def _fp(tensor: Tensor) -> Any:
    return torch.promote_types(tensor.dtype, torch.float32)


def _matmul_dtype(hidden_ND: Tensor, head: Head) -> Any:
    device = hidden_ND.device.type
    if torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return torch.promote_types(hidden_ND.dtype, head.weight_VD.dtype)


def _chunk_bytes(hidden_ND: Tensor) -> int:
    return LOGIT_BYTES.get(hidden_ND.device.type, LOGIT_BYTES["cuda"])


def _check(hidden_ND: Tensor, head: Head, targets_N: Tensor) -> None:
    if hidden_ND.ndim != 2 or targets_N.shape != hidden_ND.shape[:1] or head.weight_VD.shape[1:] != hidden_ND.shape[1:]:
        shapes = [tuple(t.shape) for t in (hidden_ND, head.weight_VD, targets_N)]
        raise ValueError(f"hidden, weight and targets have shapes {shapes} that do not fit: N x D, V x D and N are wanted")
