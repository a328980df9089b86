/** Computes a value once per owner and key, for as long as the owner lives. */

/**
 * A memo of promises: `memo(owner, key, compute)` starts `compute` for the first caller and gives every
 * later caller the same promise. Entries go with their owner. A rejected promise stays; callers that
 * want a retry return null as a value and call `forget`.
 */
export function memoByOwner<Owner extends object, Value>(): {
  (owner: Owner, key: string, compute: () => Promise<Value>): Promise<Value>;
  forget(owner: Owner, key: string): void;
} {
  const entries = new WeakMap<Owner, Map<string, Promise<Value>>>();
  const memo = (owner: Owner, key: string, compute: () => Promise<Value>): Promise<Value> => {
    let ofOwner = entries.get(owner);
    if (ofOwner === undefined) {
      ofOwner = new Map();
      entries.set(owner, ofOwner);
    }
    let value = ofOwner.get(key);
    if (value === undefined) {
      value = compute();
      ofOwner.set(key, value);
    }
    return value;
  };
  return Object.assign(memo, {
    forget(owner: Owner, key: string): void {
      entries.get(owner)?.delete(key);
    },
  });
}
