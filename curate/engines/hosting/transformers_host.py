"""transformers behind a host, for a machine without vLLM: slower by a factor of about five, and with nothing to install but torch.

Departs from `model.generate`, which takes one seed and one set of sampling settings for a whole batch: the loop below decodes a batch of unlike requests token by token, each row with its own settings and its own generator.
Rows are padded on the left; one that ended or was cancelled leaves the batch before the next step, and what waits forms the next batch. The order of the sampling steps is vLLM's: temperature, min-p, top-k, top-p.
A request repeats for the same seed in the same batch; in another batch, rounding may differ. So requests that say how many were sent together with them are decoded as that one batch.

Weights are changed by reading the new directory as transformers reads any model, with its renamed, sharded and tied weights, and copying the result over the old: nothing is half changed when it is refused.
"""

import asyncio
import inspect
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from curate.engines.hosting import blame
from curate.engines.hosting.rendering import Rendered, Renderer, load_tokenizer, room
from curate.errors import EngineError, PromptTooLong, RequestRefused

GATHER = 0.02  # seconds that a batch waits for requests that may have been sent at the same time
PATIENCE = (
    10.0  # and for those of which a request says that they were: one that the engine answered before it was started again never comes
)
SCORED_AT_ONCE = 1024  # positions whose log-probabilities are worked out in float32 at once
CONTEXT_TOKENS = 6  # of the prompt, decoded along with an answer: some tokenizers drop the space before a first word


@dataclass(eq=False, slots=True)
class Row:
    """One request in a batch: settings, what was made so far, and where the answer goes."""

    prompt: Rendered
    limit: int  # tokens that may be generated
    sampling: dict[str, Any]
    generator: Any
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[dict[str, Any]]
    made: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    cancelled: bool = False


def distribution(logits_BV: Any, samplings: Sequence[dict[str, Any]]) -> Any:
    """Log-probabilities (B, V) that the next tokens are drawn from, float32; a greedy row's are those at temperature 1."""
    import torch

    def column(name: str) -> Any:
        return torch.tensor([[s[name]] for s in samplings], dtype=torch.float32, device=logits_BV.device)

    temperature, top_p, top_k, min_p = column("temperature"), column("top_p"), column("top_k"), column("min_p")
    scores = logits_BV.float() / torch.where(temperature > 0, temperature, 1.0)
    if (min_p > 0).any():
        probabilities = scores.softmax(-1)
        scores = scores.masked_fill(probabilities < min_p * probabilities.amax(-1, keepdim=True), -torch.inf)
    if (top_p < 1).any() or (top_k > 0).any():
        ordered, tokens = scores.sort(-1, descending=True)
        rank = torch.arange(ordered.shape[-1], device=ordered.device)
        ordered = ordered.masked_fill((top_k > 0) & (rank >= top_k), -torch.inf)
        probabilities = ordered.softmax(-1)
        ordered = ordered.masked_fill((top_p < 1) & (probabilities.cumsum(-1) - probabilities >= top_p), -torch.inf)
        scores = torch.empty_like(scores).scatter_(-1, tokens, ordered)
    return scores.log_softmax(-1)


NEVER_COMPUTED = frozenset(
    {
        "transformers_version",
        "dtype",
        "torch_dtype",
        "_name_or_path",
        "use_cache",
        "architectures",
        "bos_token_id",
        "eos_token_id",
        "pad_token_id",
    }
)  # fields of a config that may differ between two directories of weights of one model


def difference(ours: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    """The first field of two configs, by name, that says that they are of two models; None where they are of one."""
    for name in sorted({*ours, *theirs} - NEVER_COMPUTED):
        mine, other = ours.get(name), theirs.get(name)
        if isinstance(mine, dict) and isinstance(other, dict):
            inner = difference(mine, other)
            if inner is not None:
                return f"{name}.{inner}"
        elif mine != other:
            return f"{name} is {other} there and {mine} here"
    return None


def draw(logprobs_V: Any, row: Row) -> int:
    """The next token of a row."""
    if row.sampling["temperature"] <= 0:
        return int(logprobs_V.argmax())
    return int(logprobs_V.exp().cpu().multinomial(1, generator=row.generator))


class TransformersBackend:
    """A causal language model and the thread that decodes batches with it."""

    def __init__(self, settings: dict[str, Any]) -> None:
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        args = dict(settings["engine_args"])
        self.tokenizer = load_tokenizer(settings["model"], args)
        args.pop("tokenizer", None)
        asked_context = args.pop("max_model_len", None)
        device = args.pop("device", "cuda" if torch.cuda.is_available() else "cpu")
        self.renderer = Renderer(self.tokenizer, settings["chat_template_kwargs"], settings["opening_tag"])
        self.args = {"trust_remote_code": False, **args}
        self.config = AutoConfig.from_pretrained(settings["model"], trust_remote_code=self.args["trust_remote_code"]).to_dict()
        self.model = AutoModelForCausalLM.from_pretrained(settings["model"], **{"dtype": "auto", **self.args})
        self.model.to(device).eval()
        config = self.model.config.get_text_config()
        longest = int(getattr(config, "max_position_embeddings", 0) or 1 << 20)
        self.context = min(longest, int(asked_context or longest))
        self.last_logits_only = {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(self.model.forward).parameters else {}
        ends = [self.tokenizer.eos_token_id, config.eos_token_id, self.model.generation_config.eos_token_id]
        self.ends = {int(e) for end in ends if end is not None for e in (end if isinstance(end, list) else [end])}
        self.batch = int(settings["max_concurrent"])
        self.waiting: queue.SimpleQueue[tuple[int, Row | None]] = (
            queue.SimpleQueue()
        )  # how many were sent together, and one of them; None: it was refused, and the others need not wait for it
        self.rows: dict[int, Row] = {}  # by the number of their message
        self.using = threading.Lock()  # held by whoever runs the model or changes its weights
        threading.Thread(target=self._work, daemon=True, name="decoder").start()

    async def abort(self, number: int) -> bool:
        """End a row at its next step."""
        if number in self.rows:
            self.rows[number].cancelled = True
        return number in self.rows

    async def complete(self, number: int, args: dict[str, Any]) -> dict[str, Any]:
        """The fields of a Completion. Raises PromptTooLong, RequestRefused."""
        import torch

        try:
            prompt = self.renderer(args)
            limit = room(len(prompt.ids), self.context, args["sampling"]["max_tokens"])
        except Exception:
            self.waiting.put((args["together"], None))
            raise
        generator = torch.Generator()
        if args["seed"] is None:
            generator.seed()
        else:
            generator.manual_seed(args["seed"])
        loop = asyncio.get_running_loop()
        row = Row(prompt, limit, args["sampling"], generator, loop, loop.create_future())
        self.rows[number] = row
        self.waiting.put((args["together"], row))
        try:
            return await row.answer
        finally:
            row.cancelled = True  # without effect on one that has ended
            del self.rows[number]

    def render(self, args: dict[str, Any]) -> str:
        """The prompt as it is sent."""
        return self.renderer(args).text

    async def score(self, number: int, token_ids: list[int]) -> list[float]:
        """The log-probability of each token but the first, given those before it, at temperature 1. Raises PromptTooLong, RequestRefused."""
        if not token_ids:
            raise RequestRefused("there are no tokens to be scored")
        if len(token_ids) > self.context:
            raise PromptTooLong(f"{len(token_ids)} tokens are to be scored and the model's context is {self.context}")
        vocabulary = self.model.get_input_embeddings().weight.shape[0]
        if not all(0 <= token < vocabulary for token in token_ids):
            raise RequestRefused(f"a token to be scored is none of the model's {vocabulary}")
        return await asyncio.to_thread(self._score, token_ids)

    async def score_answer(self, number: int, args: dict[str, Any]) -> list[float]:
        """The log-probability of each token of the continuation, given the prompt and those before it, at temperature 1. Raises PromptTooLong, RequestRefused."""
        prompt = self.renderer({**args, "continuation": ""})
        whole = self.renderer.once(args)
        told = len(whole.ids) - max(1, len(prompt.ids))
        return (await self.score(number, list(whole.ids)))[-told:] if told > 0 else []

    async def load_weights(self, directory: str) -> None:
        """Change the weights to those of another directory of the same model. Raises EngineError where it is of another, or some are missing; the old ones then stay."""
        await asyncio.to_thread(self._load, directory)

    def close(self) -> None:
        """The thread ends with its process."""

    def _score(self, ids: list[int]) -> list[float]:
        import torch

        tokens_T = torch.tensor(ids, device=self.model.device)
        with self.using, torch.inference_mode():
            logits_TV = self.model(input_ids=tokens_T[None], use_cache=False).logits[0, :-1]
            scores = [
                torch.gather(logits_NV.float().log_softmax(-1), -1, targets_N[:, None])[:, 0]
                for logits_NV, targets_N in zip(logits_TV.split(SCORED_AT_ONCE), tokens_T[1:].split(SCORED_AT_ONCE), strict=True)
            ]
        return [float(score) for chunk in scores for score in chunk.tolist()]

    def _load(self, directory: str) -> None:
        from transformers import AutoConfig, AutoModelForCausalLM

        refused = f"the weights in {directory} cannot be loaded: "
        try:
            theirs = AutoConfig.from_pretrained(directory, trust_remote_code=self.args["trust_remote_code"])
            other = difference(self.config, theirs.to_dict())
            if other is not None:
                raise EngineError(f"{refused}they are of another model, whose {other}")
            made, info = AutoModelForCausalLM.from_pretrained(
                directory, **{**self.args, "dtype": self.model.dtype, "use_safetensors": True}, output_loading_info=True
            )
        except EngineError:
            raise
        except Exception as error:  # whatever a library raises for a directory that is no model
            raise EngineError(f"{refused}{blame.of_exception(error)}") from error
        for what in ("missing", "unexpected", "mismatched"):
            if names := sorted(str(name) for name in info[f"{what}_keys"]):
                raise EngineError(f"{refused}{names[0]} is {what}{f', and so are {len(names) - 1} more' if len(names) > 1 else ''}")
        with self.using:
            self.model.load_state_dict(made.state_dict())

    def _gather(self) -> list[Row]:
        """The rows of the next batch: those that were sent together, else what comes at about the same time."""
        together, first = self.waiting.get()
        arrived = [first]
        while len(arrived) < (self.batch if together == 1 else min(together, self.batch)):
            try:
                arrived.append(self.waiting.get(timeout=GATHER if together == 1 else PATIENCE)[1])
            except queue.Empty:
                break
        return [row for row in arrived if row is not None and not (row.cancelled and self._answered(row, "", "abort"))]

    def _work(self) -> None:
        while True:
            if rows := self._gather():
                try:
                    with self.using:
                        self._decode(rows)
                except Exception as error:  # out of memory, an architecture's own failure: the answer to every row of the batch
                    for row in rows:
                        row.loop.call_soon_threadsafe(self._deliver, row, blame.of_exception(error))

    @staticmethod
    def _deliver(row: Row, answer: dict[str, Any] | Exception) -> None:
        if row.answer.done():
            return
        if isinstance(answer, Exception):
            row.answer.set_exception(answer)
        else:
            row.answer.set_result(answer)

    def _decode(self, rows: list[Row]) -> None:
        """Generate until every row has ended. Shapes: B rows, T tokens so far, V tokens of the vocabulary."""
        import torch
        from transformers import DynamicCache

        device = self.model.device
        longest = max(len(row.prompt.ids) for row in rows)
        padding = [longest - len(row.prompt.ids) for row in rows]
        tokens_BT = torch.tensor([[0] * pad + list(row.prompt.ids) for row, pad in zip(rows, padding, strict=True)], device=device)
        mask_BT = torch.tensor([[0] * pad + [1] * (longest - pad) for pad in padding], device=device)
        cache = DynamicCache(config=self.model.config)
        with torch.inference_mode():
            while rows:
                positions = (mask_BT.cumsum(-1) - 1).clamp(min=0)[:, -tokens_BT.shape[1] :]
                out = self.model(
                    input_ids=tokens_BT,
                    attention_mask=mask_BT,
                    position_ids=positions,
                    past_key_values=cache,
                    use_cache=True,
                    **self.last_logits_only,
                )
                logprobs_BV = distribution(out.logits[:, -1], [row.sampling for row in rows])
                going = [i for i, row in enumerate(rows) if not self._step(row, logprobs_BV[i])]
                if len(going) < len(rows):
                    rows = [rows[i] for i in going]
                    keep = torch.tensor(going, dtype=torch.long, device=device)
                    mask_BT = mask_BT[keep]
                    if rows:
                        cache.batch_select_indices(keep)
                tokens_BT = torch.tensor([[row.made[-1]] for row in rows], device=device)
                mask_BT = torch.cat([mask_BT, mask_BT.new_ones(len(rows), 1)], dim=-1)

    def _step(self, row: Row, logprobs_V: Any) -> bool:
        """Add a token to a row; True where the row is over, its answer sent."""
        if row.cancelled:
            return self._answered(row, "", "abort")
        token = draw(logprobs_V, row)
        row.made.append(token)
        row.logprobs.append(float(logprobs_V[token]))
        ended = token in self.ends
        cut = None if ended else self._stopped(row)
        if not ended and cut is None and len(row.made) < row.limit:
            return False
        text = self._text(row, row.made[:-1] if ended else row.made)
        return self._answered(row, text if cut is None else text[:cut], "length" if cut is None and not ended else "stop")

    def _answered(self, row: Row, text: str, finish_reason: str) -> bool:
        """Send a row's answer; True, since it is over."""
        answer = {
            "text": text,
            "finish_reason": finish_reason,
            "prompt_tokens": len(row.prompt.ids),
            "completion_tokens": len(row.made),
            "token_ids": row.made,
            "logprobs": row.logprobs if row.sampling["logprobs"] else None,
            "opened": row.prompt.opened,
        }
        row.loop.call_soon_threadsafe(self._deliver, row, answer)
        return True

    def _text(self, row: Row, ids: Sequence[int]) -> str:
        """The text of `ids` as it follows the prompt; special tokens stay, since some models write their chain's tags as such."""
        before = list(row.prompt.ids[-CONTEXT_TOKENS:])
        head, whole = (str(self.tokenizer.decode(part, clean_up_tokenization_spaces=False)) for part in (before, [*before, *ids]))
        return whole[len(head) :] if whole.startswith(head) else str(self.tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))

    def _stopped(self, row: Row) -> int | None:
        """Where in the row's text its first stop string begins, looked for only when the newest tokens complete one."""
        stops = row.sampling["stop"]
        if not stops:
            return None
        newest = str(
            self.tokenizer.decode(row.made[-(4 * max(map(len, stops)) + 1) :], clean_up_tokenization_spaces=False)
        )  # a token may be a quarter of a character
        if not any(stop in newest for stop in stops):
            return None
        text = self._text(row, row.made)
        found = [at for stop in stops if (at := text.find(stop)) >= 0]
        return min(found) if found else None
