/** Objects whose every field has a value of its own, for tests that look whether one is lost or left. */

/** Names of all that an object of the class holds, accessors included. */
export function fieldsOf(one: object): string[] {
  const accessors = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(one)));
  const settable = accessors.filter(([, { set }]) => set !== undefined).map(([name]) => name);
  return [...Object.keys(one), ...settable];
}

/** Gives every field a value of its own, different from the one that it starts with. */
export function filled<T extends object>(
  one: T,
  seed: number,
  fields: {
    /** These are left as they are. */
    readonly apart: ReadonlySet<string>;
    /** Values of fields that do not take just any number. */
    readonly shapes: Readonly<Record<string, unknown>>;
  },
): T {
  fieldsOf(one)
    .filter((name) => !fields.apart.has(name))
    .forEach((name, i) => {
      const now: unknown = Reflect.get(one, name);
      const number = /Print|Check/.test(name) ? (seed + i) | 0 : seed + i;
      Reflect.set(one, name, fields.shapes[name] ?? (typeof now === "boolean" ? !now : number));
    });
  return one;
}
