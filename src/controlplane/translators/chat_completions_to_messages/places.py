"""Reading parts of a request for Claude."""

from controlplane.translators.places import LeftOut, Places

__all__ = ["LeftOut", "a_list", "a_text", "an_object", "only", "refuse"]

_PLACES = Places("anthropic")
refuse, only = _PLACES.refuse, _PLACES.only
an_object, a_list, a_text = _PLACES.an_object, _PLACES.a_list, _PLACES.a_text
