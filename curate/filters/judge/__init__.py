"""A model as judge: correctness against a reference, the three chain filters of R1 as rubrics, quality from 0 to 10, two answers compared, safety.

R1 used DeepSeek-V3 so (arXiv 2501.12948, sections B.3.3 and Listing 4); its settings and its agreement with people were not published. Any engine will do. `judge_rows` judges many samples, `settle` puts
a judgement beside a rule's verdict, `agreement` compares rule and judge, `calibrate` measures a judge before it is trusted.

What a judge reads was written to look right, and sometimes to be passed. So: the text to be judged is data inside a boundary (boundary.py), the reply must hold exactly one verdict (reply.py), what needs no judge never
reaches one (rules.py), several votes must agree (votes.py), and known bad samples travel with every run (planted.py). What could not be judged has no verdict, which is never the same as wrong.
"""

from curate.filters.judge.agreement import Agreement, agreement
from curate.filters.judge.calibrate import Limits, Measured, calibrate
from curate.filters.judge.log import Log
from curate.filters.judge.pairs import Pair, read_pairs
from curate.filters.judge.run import judge_rows
from curate.filters.judge.settings import DEFAULTS, Settings
from curate.filters.judge.tally import Tally
from curate.filters.judge.tasks import CHAIN_TASKS, CORRECTNESS, NAMES, Item, Task, helpfulness, quality, safety, task_named
from curate.filters.judge.votes import Compared, Judgement, Settled, compared, settle

__all__ = [
    "CHAIN_TASKS",
    "CORRECTNESS",
    "DEFAULTS",
    "NAMES",
    "Agreement",
    "Compared",
    "Item",
    "Judgement",
    "Limits",
    "Log",
    "Measured",
    "Pair",
    "Settings",
    "Settled",
    "Tally",
    "Task",
    "agreement",
    "calibrate",
    "compared",
    "helpfulness",
    "judge_rows",
    "quality",
    "read_pairs",
    "safety",
    "settle",
    "task_named",
]
