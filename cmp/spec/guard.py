"""Guard-rails: what the long form of every service has to hold, has to say, or must not say."""

from __future__ import annotations

from cmp.spec.types import Bool, Cases, Model, Paths, Values, Word


class GuardRail(Model):
    """A rule for the services of the platform, as they are after defaults, environments and parameters.

    It names the long form by the paths of this page; `*` is any name, and an item of a list is any item. A value is
    text as the field takes it, with `*` for any text; a bound (`<=20`), or two (`>=2 <=20`); a map of what an item says
    together, where null is "not there"; or a list of these, of which one has to fit.
    """

    require: tuple[Word, ...] = ()  #: What a service has to say; below a list, each of its items.
    #: What a service may not say: paths, or by path the values.
    forbid: Paths = None
    #: The values that are allowed, by path. Where nothing is written, what is meant then is held against them.
    allow: Values = None
    when: Values = None  #: The services that it is for: all has to fit. Default: all of them.
    unless: Cases = None  #: Exceptions: a service that fits one of these maps whole.
    reason: Word  #: Why; the error shows it.
    warn: Bool | None = None  #: `true` warns, and lets the service through.
