"""Messages between a pool and its workers: length and pickle, through pipes.

write_frame, read_frame   one message of bytes
packed                    pickle, by value for what only the user's script knows
"""

import io
import pickle
import struct

from robocalc.errors import InvalidInput

_LENGTH = struct.Struct("<Q")


def write_frame(stream, message: bytes):
    """One message; raises OSError where nobody reads any more."""
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def read_frame(stream) -> bytes | None:
    """The next message, None at the end of the stream, also within a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


class _Finder(pickle.Unpickler):
    """Stops at what only the user's script defines."""

    def find_class(self, module, name):
        if module == "__main__":
            raise LookupError(name)
        return super().find_class(module, name)


def _needs_script(plain: bytes) -> bool:
    """Whether a pickle names functions or classes of the script, not only its text."""
    try:
        _Finder(io.BytesIO(plain)).load()
    except LookupError:
        return True
    return False


def packed(value) -> bytes:
    """Pickled. What is defined in the user's script or notebook goes by value, as workers do not run the script again.

    raises InvalidInput   it cannot be pickled, or only cloudpickle could and is not there
    """
    try:
        plain = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        if b"__main__" not in plain or not _needs_script(plain):
            return plain
        problem = "it is defined in the script itself"
    except Exception as error:
        plain, problem = None, f"it cannot be pickled ({error})"
    try:
        import cloudpickle

        return cloudpickle.dumps(value)
    except ImportError:
        remedy = "define it in a module of its own, or: pip install cloudpickle"
        raise InvalidInput(f"{value!r:.100} cannot be sent to workers: {problem}; {remedy}") from None
    except Exception as error:
        raise InvalidInput(f"{value!r:.100} cannot be sent to workers: {error}") from None
