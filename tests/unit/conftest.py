from tests.corpora import corpora

__all__ = ["corpora"]
