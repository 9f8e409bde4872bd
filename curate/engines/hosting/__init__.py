"""A model on this machine, in processes of its own: the caller never imports torch or vllm, and none of these processes outlives it.

    caller (local.py)
      | pipes: length-prefixed JSON (wire.py); closing them is the end
      guard (guard.py)         leader of a session of its own, stdlib only; ends the whole session when the caller or the host is gone
        host (host.py)         tokenizer, chat template (rendering.py) and a backend: vllm_host.py or transformers_host.py
          vLLM's EngineCore, its workers ...

Each process below the guard is also killed by the kernel when its parent dies, so that no single kill -9, and no pair of them, leaves one behind.
"""
