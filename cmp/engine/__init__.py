"""An engine that stays warm and renders for others (``cmp serve``). It is never needed: without it, a call renders."""
