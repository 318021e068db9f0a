"""Several things measured side by side, one row each, so that a dead mount or a silent server costs only its row."""

import threading
import time
from typing import Any, Callable, Dict, List, Sequence, Tuple

from eduops_agent.context import Failed, NotChecked, explain

# Any: rows are JSON.
Row = Dict[str, Any]
Labelled = Tuple[Row, Callable[[], Row]]


def measure_rows(labelled: Sequence[Labelled], within_seconds: float) -> List[Row]:
    """One row for each (labels, measure): the labels, `status`, `reason`, and the figures where status is ok.

    What has no answer within the time is left to itself (its thread dies with the probe's process).
    """
    outcomes: List[Row] = [_unanswered(within_seconds)] * len(labelled)

    def work(index: int) -> None:
        outcomes[index] = _measure(labelled[index][1])

    threads = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(len(labelled))]
    until = time.monotonic() + within_seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return [dict(labels, **outcome) for (labels, _), outcome in zip(labelled, list(outcomes))]


def _unanswered(seconds: float) -> Row:
    return {"status": "failed", "reason": "{:g} 秒内没有答复".format(seconds)}


def _measure(measure: Callable[[], Row]) -> Row:
    try:
        return dict({"status": "ok", "reason": ""}, **measure())
    except NotChecked as error:
        return {"status": "not_checked", "reason": str(error)}
    except PermissionError as error:
        return {"status": "not_checked", "reason": explain(error)}
    except Failed as error:
        return {"status": "failed", "reason": str(error)}
    except Exception as error:  # noqa: BLE001  whatever it is, it must cost only this row
        return {"status": "failed", "reason": explain(error)}
