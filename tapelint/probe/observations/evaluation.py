"""Observations about metrics, validation and callbacks."""

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import fits_near, strongest, unreached
from tapelint.probe.observations.wording import counted, listed, number, said, unique
from tapelint.probe.scene import Scene
from tapelint.record import Callback, Caller, Fit, Metric, MetricEvent, Passage, Score


@observation
def monitor_unavailable(scene: Scene) -> Verdict:
    """What a callback monitors does not exist."""
    fits = fits_near(scene)
    for fit in fits:
        if fit.exception is not None and ("monitor" in fit.exception.message or "imized" in fit.exception.message):
            return Verdict("confirmed", said(fit.exception.kind, fit.exception.message))
    callbacks = [(fit, callback) for fit in fits for callback in fit.callbacks if callback.available is not None]
    named = [pair for pair in callbacks if f"`{pair[1].monitor}`" in scene.finding.message]
    callbacks = named or callbacks
    for fit, callback in callbacks:
        if not callback.available:
            return Verdict("confirmed", f"`{callback.monitor}` is not among {listed(_logged(fit))}{_heard(scene)}")
    if callbacks:
        names = unique(str(callback.monitor) for _, callback in callbacks)
        return Verdict("refuted", f"{listed(names)} was there at the end of an epoch")
    return unreached(scene.record, "at the end of an epoch")


def _logged(fit: Fit) -> list[str]:
    return [name for name, _ in fit.epochs[-1].logs] if fit.epochs else []


def _heard(scene: Scene) -> str:
    heard = any("not available" in warned.text for warned in scene.near(scene.record.warnings))
    return ", Keras warned" if heard else ""


@observation
def metric_accumulates(scene: Scene) -> Verdict:
    """A metric was read in two epochs and not reset in between."""
    near = [metric for metric in scene.record.metrics if scene.near(metric.events)]
    near = [metric for metric in near if scene.at(metric.events)] or near or scene.near(scene.record.metrics)
    if not near:
        return unreached(scene.record)
    verdicts = [_accumulation(metric) for metric in near]
    return strongest(verdicts) or unreached(scene.record, "in a second epoch")


def _accumulation(metric: Metric) -> Verdict | None:
    read: MetricEvent | None = None
    grown = False
    again = False
    for event in metric.events:
        if event.kind == "reset":
            again = again or read is not None
            read, grown = None, False
        elif event.kind == "update":
            grown = True
        elif read is not None and grown and event.epoch > read.epoch:
            epochs = f"epochs {read.epoch + 1} and {event.epoch + 1}"
            return Verdict("confirmed", f"`{metric.name}` was read in {epochs} without a reset in between")
        elif read is None:
            read = event
    if again:
        return Verdict("refuted", f"`{metric.name}` was reset between two readings")
    return None


@observation
def no_validation(scene: Scene) -> Verdict:
    """A fit had nothing to validate on."""
    fits = fits_near(scene)
    if not fits:
        return unreached(scene.record)
    bare = [fit for fit in fits if fit.validation == "none"]
    if bare:
        seen, asked = len(bare[0].epochs), bare[0].asked
        epochs = counted(seen, "epoch") if seen >= asked else f"{seen} of {counted(asked, 'epoch')}"
        return Verdict("confirmed", f"`fit` ran {epochs} without validation data")
    return Verdict("refuted", "`fit` had validation data")


@observation
def nothing_stops(scene: Scene) -> Verdict:
    """A fit of many epochs had no callback that stops it or keeps the best weights."""
    fits = fits_near(scene)
    if not fits:
        return unreached(scene.record)
    for fit in fits:
        if not any(callback.stops or callback.keeps for callback in fit.callbacks):
            callbacks = counted(len(fit.callbacks), "callback")
            none = f"{callbacks}, none of which can stop or keep the best" if fit.callbacks else "no callback at all"
            return Verdict("confirmed", f"{counted(fit.asked, 'epoch')}, and {none}")
    able = unique(callback.kind for fit in fits for callback in fit.callbacks if _helps(callback))
    return Verdict("refuted", f"{listed(able)} can stop the training or keep the best weights")


def _helps(callback: Callback) -> bool:
    return callback.stops or callback.keeps


@observation
def shared_examples(scene: Scene) -> Verdict:
    """A fit was validated on examples that it trains on."""
    fits = fits_near(scene)
    known = [fit for fit in fits if fit.held_out and fit.shared is not None]
    for fit in known:
        held_out, shared = fit.held_out or 0, fit.shared or 0
        if shared > held_out / 2:
            return Verdict("confirmed", f"{shared} of {counted(held_out, 'validation example')} are trained on")
    if any(fit.shared for fit in known):
        return Verdict("unable", "some validation examples look like training examples, which may be chance")
    if known:
        return Verdict("refuted", "no validation example is trained on")
    return Verdict("unable", "the examples could not be compared") if fits else unreached(scene.record)


@observation
def best_not_kept(scene: Scene) -> Verdict:
    """A fit that can be ended early ended with worse weights than it had, and nothing had kept the better ones."""
    fits = fits_near(scene)
    if not fits:
        return unreached(scene.record)
    return strongest([_loss_of_best(fit) for fit in fits]) or unreached(scene.record, "at the end of an epoch")


def _loss_of_best(fit: Fit) -> Verdict | None:
    keeping = [callback.kind for callback in fit.callbacks if callback.keeps or callback.kind == "ModelCheckpoint"]
    if keeping:
        return Verdict("refuted", f"{listed(keeping)} can keep the best weights")
    for monitor in [callback.monitor for callback in fit.callbacks if callback.stops and callback.monitor]:
        values = [dict(epoch.logs)[monitor] for epoch in fit.epochs if monitor in dict(epoch.logs)]
        if not values:
            continue
        best = max(values) if _grows(monitor) else min(values)
        if best == values[-1]:
            return Verdict("unable", f"of {counted(len(values), 'epoch')}, the last was the best by `{monitor}`")
        when = f"epoch {values.index(best) + 1}"
        return Verdict("confirmed", f"`{monitor}` was {number(best)} in {when} and {number(values[-1])} at the end")
    return None


def _grows(monitor: str) -> bool:
    """Whether Keras takes larger values of a quantity for better ones."""
    return any(word in monitor for word in ("acc", "auc", "precision", "recall", "f1"))


@observation
def callbacks_conflict(scene: Scene) -> Verdict:
    """A callback comes too late for what another one does."""
    fits = fits_near(scene)
    if not fits:
        return unreached(scene.record)
    return strongest([_conflict(fit) for fit in fits]) or Verdict("refuted", "no callback is in another one's way")


def _conflict(fit: Fit) -> Verdict | None:
    plateaus = [callback for callback in fit.callbacks if callback.kind == "ReduceLROnPlateau"]
    stoppings = [callback for callback in fit.callbacks if callback.kind == "EarlyStopping"]
    for plateau in plateaus:
        if any(callback.kind == "LearningRateScheduler" for callback in fit.callbacks):
            return Verdict("confirmed", "`ReduceLROnPlateau` and `LearningRateScheduler` both set the rate")
        for stopping in stoppings:
            late = plateau.patience is not None and plateau.patience >= (stopping.patience or 0)
            if not late or plateau.monitor != stopping.monitor:
                continue
            rates = {epoch.rate for epoch in fit.epochs}
            if len(rates) > 1:
                return Verdict("unable", "the rate was reduced nevertheless")
            ended = len(fit.epochs) < fit.asked and not fit.cut
            seen = f"training ended after epoch {len(fit.epochs)} of {fit.asked}, at the rate it began with"
            patience = f"{plateau.kind} waits {plateau.patience} epochs, {stopping.kind} {stopping.patience}"
            return Verdict("confirmed", seen if ended else patience)
    return None


@observation
def logits_cut(scene: Scene) -> Verdict:
    """A metric took numbers beyond 0 and 1 for probabilities."""
    scores = [(score, score.threshold) for score in scene.near(scene.record.scores) if score.threshold is not None]
    for score, threshold in scores:
        given = score.predictions
        if 0 < threshold < 1 and (given.lowest < 0 or given.highest > 1):
            reach = f"from {number(given.lowest)} to {number(given.highest)}"
            return Verdict("confirmed", f"`{score.kind}` cut predictions {reach} at {number(threshold)}")
    if scores:
        return Verdict("refuted", "the predictions stayed within 0 and 1, or were cut where logits are")
    return unreached(scene.record)


@observation
def metric_misled(scene: Scene) -> Verdict:
    """A metric was given predictions or labels that it cannot compare."""
    scores = scene.near(scene.record.scores)
    seen = next((found for found in map(_misfit, scores) if found is not None), None)
    if seen is not None:
        return Verdict("confirmed", seen)
    if scores:
        return Verdict("refuted", "labels and predictions were such as the metric compares")
    return unreached(scene.record)


def _misfit(score: Score) -> str | None:
    labels, predictions = score.labels, score.predictions
    if score.kind == "Accuracy" and not predictions.whole:
        return "`Accuracy` looked for exact equality with predictions that are not whole numbers"
    if "Accuracy" in score.kind and not labels.whole:
        if predictions.whole:
            return f"`{score.kind}` got whole numbers for predictions, and others for labels"
        return f"`{score.kind}` got labels from {number(labels.lowest)} to {number(labels.highest)}: no classes"
    if score.kind == "CategoricalAccuracy" and labels.highest > 1:
        return f"`{score.kind}` got labels up to {number(labels.highest)}, which are no shares"
    return None


@observation
def second_data_trains(scene: Scene) -> Verdict:
    """Gradients were taken while the program went through more than one set of data, this one among them."""
    pipelines = [pipeline for pipeline in scene.record.pipelines if any(map(_trained, pipeline.passages))]
    near = scene.near(pipelines)
    if not near:
        return unreached(scene.record)
    others = [pipeline for pipeline in pipelines if pipeline.number not in {each.number for each in near}]
    if others or len(near) > 1:
        batches = sum(len(passage.sizes) for passage in near[0].passages if passage.trained)
        where = others[0].where if others else None
        besides = f"data on {where.spot.told}" if where is not None else "other data"
        return Verdict("confirmed", f"gradients were taken of {counted(batches, 'batch')} here, besides {besides}")
    return Verdict("refuted", "gradients were taken of no other data")


def _trained(passage: Passage) -> bool:
    return passage.trained and not passage.again


@observation
def metric_in_two_roles(scene: Scene) -> Verdict:
    """A metric was updated on two lines, and read, without a reset in between."""
    near = [metric for metric in scene.record.metrics if scene.at(metric.events)] or [
        metric for metric in scene.record.metrics if scene.near(metric.events)
    ]
    if not near:
        return unreached(scene.record)
    return strongest([_roles(metric) for metric in near]) or unreached(scene.record, "after both loops")


def _roles(metric: Metric) -> Verdict | None:
    lines: list[Caller] = []
    read = False
    for event in metric.events:
        if event.kind == "reset":
            lines = []
        elif event.kind == "update" and event.where is not None and event.where.spot not in lines:
            lines.append(event.where.spot)
        elif event.kind == "read":
            read = True
            if len(lines) > 1:
                places = " and ".join(line.told for line in lines[:2])
                return Verdict("confirmed", f"`{metric.name}` was updated on {places} without a reset in between")
    return Verdict("refuted", f"`{metric.name}` was updated on one line between resets") if read else None
