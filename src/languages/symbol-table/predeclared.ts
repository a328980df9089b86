/** Names that are built into each language or its standard environment. */
import type { LanguageName } from "../parser.ts";

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const script = words(`
  Array ArrayBuffer BigInt Blob Boolean Buffer Bun CustomEvent DataView Date Document Element Error
  Event EventTarget File FormData Function Headers HTMLElement Infinity Intl Iterator JSON Map Math
  NaN Node Number Object Promise Proxy Range RangeError Reflect RegExp Request Response Selection Set
  String Symbol SyntaxError Text TypeError URL URLSearchParams WeakMap WeakRef WeakSet WebSocket
  Worker alert atob btoa clearInterval clearTimeout close confirm console crypto decodeURIComponent
  document encodeURIComponent eval event exports fetch global globalThis history isFinite isNaN
  location module name navigator open origin parent parseFloat parseInt performance process prompt
  queueMicrotask require screen self setImmediate setInterval setTimeout status stop structuredClone
  top undefined window Partial Required Readonly Record Pick Omit Exclude Extract NonNullable
  Parameters ReturnType InstanceType Awaited Iterable AsyncIterable Generator AsyncGenerator
`);

const predeclared: Partial<Record<LanguageName, ReadonlySet<string>>> = {
  typescript: script,
  tsx: script,
  javascript: script,
  python: words(`
    abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile
    complex copyright credits delattr dict dir divmod enumerate eval exec exit filter float format
    frozenset getattr globals hasattr hash help hex id input int isinstance issubclass iter len
    license list locals map max memoryview min next object oct open ord pow print property quit range
    repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip
    BaseException BaseExceptionGroup ConnectionError EOFError Ellipsis Exception ExceptionGroup
    FileExistsError FileNotFoundError ImportError IndexError InterruptedError KeyError LookupError
    ModuleNotFoundError NameError NotImplemented OSError PermissionError RecursionError
    RuntimeError StopIteration SyntaxError SystemError SystemExit TimeoutError TypeError
    UnicodeError UserWarning ValueError Warning WindowsError __file__ __name__ __doc__
  `),
  go: words(`
    any append bool byte cap clear close comparable complex complex128 complex64 copy delete error
    false float32 float64 imag int int16 int32 int64 int8 iota len make max min new nil panic print
    println real recover rune string true uint uint16 uint32 uint64 uint8 uintptr
  `),
  rust: words(`
    AsMut AsRef Box Clone Copy Default Drop Eq Err Fn FnMut FnOnce From FromIterator Into IntoIterator
    Iterator None Ok Option Ord PartialEq PartialOrd Result Send Sized Some String Sync ToOwned
    ToString TryFrom TryInto Unpin Vec drop std core alloc
  `),
  java: words(`
    Appendable AutoCloseable Boolean Byte CharSequence Character Class Cloneable Comparable Deprecated
    Double Enum Error Exception Float FunctionalInterface IllegalArgumentException
    IllegalStateException Integer Iterable Long Math Module Number Object Override Package Process
    Readable Record Runnable Runtime RuntimeException Short String StringBuilder System Thread
    Throwable Void
  `),
};

/** True for a name that is defined in every file of the language. */
export function isPredeclared(language: LanguageName, name: string): boolean {
  return predeclared[language]?.has(name) ?? false;
}
