/** Values computed once: by a function of its own, or per owner and key. */

/**
 * A function that computes its value on the first call and returns it on every later one. A promise that rejects is
 * forgotten, so that the next caller computes again.
 */
export function once<Value>(compute: () => Value): () => Value {
  let known: { value: Value } | null = null;
  return () => {
    if (known !== null) return known.value;
    const own = { value: compute() };
    known = own;
    if (own.value instanceof Promise) {
      own.value.catch(() => {
        if (known === own) known = null;
      });
    }
    return own.value;
  };
}

/** Values by owner and key; they live as long as their owner. */
export interface Memo<Owner extends object, Value> {
  /** The value of a key, computed by the first caller. */
  (owner: Owner, key: string, compute: () => Value): Value;
  /** The value of a key, when there is one. */
  peek(owner: Owner, key: string): Value | undefined;
  /** Replaces the value of a key. */
  set(owner: Owner, key: string, value: Value): void;
}

/**
 * A memo, often of promises: callers that come while one is pending share it. A promise that rejects, or
 * resolves to a value that `keep` refuses, is forgotten, so that the next caller computes again. At most
 * `max` values are kept per owner; the oldest is dropped first.
 */
export function memoByOwner<Owner extends object, Value>(
  o: { max?: number; keep?: (value: Awaited<Value>) => boolean } = {},
): Memo<Owner, Value> {
  const { max = Number.POSITIVE_INFINITY, keep = () => true } = o;
  const owners = new WeakMap<Owner, Map<string, Value>>();
  const set = (owner: Owner, key: string, value: Value): void => {
    const values = owners.get(owner) ?? new Map<string, Value>();
    owners.set(owner, values);
    values.set(key, value);
    const [oldest] = values.keys();
    if (values.size > max && oldest !== undefined) values.delete(oldest);
    if (!(value instanceof Promise)) return;
    const forget = (): void => {
      if (values.get(key) === value) values.delete(key);
    };
    value.then((result) => (keep(result) ? undefined : forget()), forget);
  };
  const memo = (owner: Owner, key: string, compute: () => Value): Value => {
    const values = owners.get(owner);
    if (values?.has(key)) return values.get(key) as Value;
    const value = compute();
    set(owner, key, value);
    return value;
  };
  return Object.assign(memo, {
    set,
    peek: (owner: Owner, key: string) => owners.get(owner)?.get(key),
  });
}
