"""Real atomic loads and stores on the counters of the state block.

Python's and numba's plain accesses promise no order between memory cells: x86 happens to keep it, ARM does not. So
the publisher writes its data first and then the counter with `store_release`; a reader reads the counter with
`load_acquire` and then sees all the data written before it. These compile to LLVM's `load atomic .. acquire` and `store
atomic .. release`.

Real-time: each is one machine instruction.
"""
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types

if TYPE_CHECKING:           # numba's own types ask callers for the typing context, which numba itself gives
    from collections.abc import Callable
    intrinsic: Callable[..., Callable[..., Any]]
else:
    from numba.extending import intrinsic

_BYTE, _INT64 = ir.IntType(8), ir.IntType(64)


def _field_pointer(context, builder, array_type, array, offset):
    """Address of an 8-byte field of the only record of an array."""
    data = context.make_array(array_type)(context, builder, array).data
    address = builder.gep(builder.bitcast(data, _BYTE.as_pointer()), [ir.Constant(_INT64, offset)])
    return builder.bitcast(address, _INT64.as_pointer())


def _offset(state, name):
    """Byte offset of an int64 field, or None if this is not a record array and the name of such a field."""
    record = getattr(state, "dtype", None)
    if not (isinstance(record, types.Record) and isinstance(name, types.StringLiteral)):
        return None
    if record.typeof(name.literal_value) != types.int64:
        return None
    return record.offset(name.literal_value)


@intrinsic(prefer_literal=True)
def load_acquire(typing_context, state, name):
    """`load_acquire(state, "field")`: an int64 field of `state[0]`, and with it all that was written before it was published."""
    offset = _offset(state, name)
    if offset is None:
        return None

    def generate(context, builder, signature, arguments):
        pointer = _field_pointer(context, builder, signature.args[0], arguments[0], offset)
        return builder.load_atomic(pointer, "acquire", 8)
    return types.int64(state, name), generate


@intrinsic(prefer_literal=True)
def store_release(typing_context, state, name, value):
    """`store_release(state, "field", value)`: publish an int64 field of `state[0]` after all that was written before."""
    offset = _offset(state, name)
    if offset is None or not isinstance(value, types.Integer):
        return None

    def generate(context, builder, signature, arguments):
        pointer = _field_pointer(context, builder, signature.args[0], arguments[0], offset)
        builder.store_atomic(context.cast(builder, arguments[2], signature.args[2], types.int64), pointer, "release", 8)
        return context.get_dummy_value()
    return types.none(state, name, value), generate


@intrinsic
def pointer_at(typing_context, address):
    """A void pointer from an integer address, for `numba.carray`."""
    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], _BYTE.as_pointer())
    return types.voidptr(types.int64), generate


@intrinsic(prefer_literal=True)
def address_of(typing_context, state, name):
    """`address_of(state, "field")`: a void pointer to an int64 field of `state[0]`."""
    offset = _offset(state, name)
    if offset is None:
        return None

    def generate(context, builder, signature, arguments):
        pointer = _field_pointer(context, builder, signature.args[0], arguments[0], offset)
        return builder.bitcast(pointer, _BYTE.as_pointer())
    return types.voidptr(state, name), generate


@intrinsic
def fetch(typing_context, address):
    """`fetch(address)`: says that this cache line will soon be read. No more than a hint: it never waits and never fails."""
    def generate(context, builder, signature, arguments):
        pointer, flag = _BYTE.as_pointer(), ir.IntType(32)
        hint = builder.module.declare_intrinsic("llvm.prefetch", (pointer,), ir.FunctionType(ir.VoidType(), [pointer, flag, flag, flag]))
        builder.call(hint, [builder.inttoptr(arguments[0], pointer), ir.Constant(flag, 0), ir.Constant(flag, 3), ir.Constant(flag, 1)])
        return context.get_dummy_value()
    return types.none(types.int64), generate
