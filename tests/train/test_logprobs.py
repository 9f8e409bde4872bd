"""Log-probabilities in chunks against a whole log-softmax in fp64, and how much memory they take."""

import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from train.logprobs import Head, summed_nll, token_logprobs

Tensor = Any


def textbook(hidden_ND: Tensor, head: Head, targets_N: Tensor, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """(log-probabilities, entropies) from the whole logits, by autograd."""
    logits_NV = hidden_ND @ head.weight_VD.T
    if head.bias_V is not None:
        logits_NV = logits_NV + head.bias_V
    logits_NV = logits_NV * head.scale
    if head.softcap is not None:
        logits_NV = head.softcap * torch.tanh(logits_NV / head.softcap)
    logprobs_NV = torch.log_softmax(logits_NV / temperature, -1)
    return logprobs_NV.gather(1, targets_N[:, None]).squeeze(1), -(logprobs_NV.exp() * logprobs_NV).sum(1)


def case(
    n: int, d: int, v: int, seed: int, *, bias: bool, dtype: Any = torch.float32, wide: float = 1.0
) -> tuple[Tensor, Head, Tensor, Tensor]:
    """(hidden, head, targets, upstream gradients), all leaves."""
    g = torch.Generator().manual_seed(seed)
    hidden = (wide * torch.randn(n, d, generator=g)).to(dtype).requires_grad_()
    weight = torch.randn(v, d, generator=g).to(dtype).requires_grad_()
    b = torch.randn(v, generator=g).to(dtype).requires_grad_() if bias else None
    return hidden, Head(weight, b), torch.randint(v, (n,), generator=g), torch.randn(n, generator=g)


def gradients(loss: Tensor, hidden: Tensor, head: Head) -> list[Tensor]:
    return list(torch.autograd.grad(loss, [t for t in (hidden, head.weight_VD, head.bias_V) if t is not None]))


def as64(hidden: Tensor, head: Head) -> tuple[Tensor, Head]:
    w, b = head.weight_VD.detach().double().requires_grad_(), head.bias_V
    return hidden.detach().double().requires_grad_(), head._replace(
        weight_VD=w, bias_V=None if b is None else b.detach().double().requires_grad_()
    )


@settings(max_examples=60)
@given(
    n=st.integers(0, 40),
    v=st.integers(1, 300),
    seed=st.integers(0, 2**31),
    bias=st.booleans(),
    softcap=st.sampled_from([None, 5.0, 30.0]),
    scale=st.sampled_from([1.0, 0.0625, 2.0]),
    temperature=st.sampled_from([1.0, 0.7, 1.3]),
    chunk_bytes=st.sampled_from([None, 1, 4000, 9999]),
    spare=st.booleans(),
)
def test_equal_to_the_whole_log_softmax(
    n: int, v: int, seed: int, bias: bool, softcap: float | None, scale: float, temperature: float, chunk_bytes: int | None, spare: bool
) -> None:
    hidden, head, targets, upstream = case(n, 7, v, seed, bias=bias)
    head = head._replace(softcap=softcap, scale=scale)
    if spare:
        upstream = torch.where(torch.arange(n) % 3 == 0, 0.0, upstream)
    scored = token_logprobs(hidden, head, targets, temperature, entropy=True, chunk_bytes=chunk_bytes)
    hidden64, head64 = as64(hidden, head)
    logprobs64, entropy64 = textbook(hidden64, head64, targets, temperature)
    assert scored.logprobs_N.dtype == torch.float32
    torch.testing.assert_close(scored.logprobs_N.double(), logprobs64, rtol=1e-5, atol=1e-5)
    assert scored.entropy_N is not None
    torch.testing.assert_close(scored.entropy_N.double(), entropy64, rtol=1e-5, atol=1e-5)
    assert not scored.entropy_N.requires_grad
    ours = gradients((scored.logprobs_N * upstream).sum(), hidden, head)
    whole = gradients((logprobs64 * upstream.double()).sum(), hidden64, head64)
    for a, b in zip(ours, whole, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=1e-5, atol=1e-5)

    summed = summed_nll(hidden, head, targets, upstream, chunk_bytes=chunk_bytes)
    whole_sum = -(textbook(hidden64, head64, targets)[0] * upstream.double()).sum()
    torch.testing.assert_close(summed.double(), whole_sum, rtol=1e-5, atol=1e-4)
    for a, b in zip(gradients(summed * 2, hidden, head), gradients(whole_sum * 2, hidden64, head64), strict=True):
        torch.testing.assert_close(a.double(), b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("softcap", [None, 3.0])
def test_finite_differences(softcap: float | None) -> None:
    hidden, head, targets, _ = case(5, 3, 11, 1, bias=True, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda h, w, b: token_logprobs(h, Head(w, b, softcap, 0.5), targets, 0.7, chunk_bytes=170).logprobs_N,
        (hidden, head.weight_VD, head.bias_V),
    )


@pytest.mark.parametrize("frozen", ["hidden", "weight", "bias", "all"])
def test_what_is_frozen_gets_no_gradient(frozen: str) -> None:
    hidden, head, targets, upstream = case(6, 4, 9, 2, bias=True)
    leaves = {"hidden": hidden, "weight": head.weight_VD, "bias": head.bias_V}
    for name, leaf in leaves.items():
        leaf.requires_grad_(frozen not in (name, "all"))
    for loss in ((token_logprobs(hidden, head, targets).logprobs_N * upstream).sum(), summed_nll(hidden, head, targets, upstream)):
        assert loss.requires_grad == (frozen != "all")
        if loss.requires_grad:
            loss.backward()
    assert {name: leaf.grad is not None for name, leaf in leaves.items()} == {name: frozen not in (name, "all") for name in leaves}


def test_without_grad_nothing_is_kept() -> None:
    hidden, head, targets, upstream = case(6, 4, 9, 2, bias=False)
    with torch.no_grad():
        assert not token_logprobs(hidden, head, targets).logprobs_N.requires_grad
        assert not summed_nll(hidden, head, targets, upstream).requires_grad


def test_summed_nll_goes_back_once() -> None:
    hidden, head, targets, upstream = case(6, 4, 9, 2, bias=False)
    loss = summed_nll(hidden, head, targets, upstream)
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="works once"):
        loss.backward()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_in_bf16_only_the_products_are_rounded(dtype: Any) -> None:
    """Against the same products by torch, then fp32: nothing else is rounded, under autocast and with bf16 weights."""
    hidden, head, targets, upstream = case(50, 16, 500, 3, bias=False, dtype=dtype)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.float32):
        ours = token_logprobs(hidden, head, targets, 0.7, chunk_bytes=12_345).logprobs_N
        summed = summed_nll(hidden, head, targets, upstream, chunk_bytes=12_345)
        logits_NV = (hidden @ head.weight_VD.T).float()
    whole, whole1 = (torch.log_softmax(logits_NV / t, -1).gather(1, targets[:, None]).squeeze(1) for t in (0.7, 1.0))
    assert ours.dtype == summed.dtype == torch.float32
    torch.testing.assert_close(ours, whole, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(summed, -(whole1 * upstream).sum(), rtol=1e-5, atol=1e-4)
    pairs = [((ours * upstream).sum(), (whole * upstream).sum()), (summed, -(whole1 * upstream).sum())]
    for mine, theirs in pairs:
        leaves = (hidden, head.weight_VD)
        for x, y in zip(torch.autograd.grad(mine, leaves), torch.autograd.grad(theirs, leaves, retain_graph=True), strict=True):
            assert x.dtype == dtype
            assert (x - y).norm() <= 0.01 * y.norm()


def test_logits_of_any_size_do_not_overflow() -> None:
    hidden, head, targets, _ = case(20, 8, 50, 4, bias=False, wide=1e4)
    scored = token_logprobs(hidden, head, targets, entropy=True)
    assert torch.isfinite(scored.logprobs_N).all()
    assert scored.entropy_N is not None
    assert torch.isfinite(scored.entropy_N).all()
    assert all(torch.isfinite(g).all() for g in gradients(scored.logprobs_N.sum(), hidden, head))


def test_a_token_without_gradient_sends_nothing_back_whatever_it_holds() -> None:
    hidden, head, targets, upstream = case(6, 4, 9, 5, bias=False)
    spoilt = hidden.detach().clone()
    spoilt[2] = torch.nan
    spoilt.requires_grad_()
    keep = torch.arange(6) != 2
    torch.where(keep, token_logprobs(spoilt, head, targets).logprobs_N * upstream, 0.0).sum().backward()
    summed_nll(spoilt, head, targets, torch.where(keep, upstream, 0.0)).backward()
    assert spoilt.grad is not None
    assert torch.isfinite(spoilt.grad).all()
    assert torch.isfinite(head.weight_VD.grad).all()


@pytest.mark.parametrize(
    ("hidden", "weight", "targets", "temperature", "words"),
    [((3, 4), (9, 4), (2,), 1.0, "do not fit"), ((3, 4), (9, 5), (3,), 1.0, "do not fit"), ((1, 3, 4), (9, 4), (3,), 1.0, "do not fit"),
     ((3, 4), (9, 4), (3,), 0.0, "not positive"), ((3, 4), (9, 4), (3,), float("nan"), "not positive")],
)  # fmt: skip
def test_what_does_not_fit_is_said(hidden: Any, weight: Any, targets: Any, temperature: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        token_logprobs(torch.zeros(hidden), Head(torch.zeros(weight)), torch.zeros(targets, dtype=torch.long), temperature)


class Largest(TorchDispatchMode):
    """The largest tensor that any operation makes, in bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for t in torch.utils._pytree.tree_leaves(out):
            if isinstance(t, torch.Tensor):
                self.bytes = max(self.bytes, t.untyped_storage().nbytes())
        return out


def test_no_tensor_grows_with_length_times_vocabulary() -> None:
    hidden, head, targets, upstream = case(512, 4, 20_000, 6, bias=True)
    whole = 512 * 20_000 * 4
    for loss in (lambda: (token_logprobs(hidden, head, targets, entropy=True, chunk_bytes=1 << 20).logprobs_N * upstream).sum(),
                 lambda: summed_nll(hidden, head, targets, upstream, chunk_bytes=1 << 20)):  # fmt: skip
        with Largest() as largest:
            loss().backward()
        assert largest.bytes <= 1 << 20 < whole / 30


PEAK = """
import resource, torch
from train.logprobs import Head, token_logprobs
N, V, D = 2048, 150_000, 64
hidden, weight, targets = torch.randn(N, D).requires_grad_(), torch.randn(V, D).requires_grad_(), torch.randint(V, (N,))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
token_logprobs(hidden, Head(weight), targets).logprobs_N.sum().backward()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_peak_memory_at_a_vocabulary_of_150_000() -> None:
    """The whole logits would be 1.23 GB, three times over. Ours: the chunk (64 MiB), the weight's gradient (38 MB), and what the libraries
    take.
    """
    out = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True, timeout=120)
    assert int(out.stdout) * 1024 < 2048 * 150_000 * 4 / 4
