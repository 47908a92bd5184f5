// Small things that the browser remembers. Where it may not, the page works without.

export function load<T>(name: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(`vigie.${name}`);
    return text === null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

export function save(name: string, value: unknown): void {
  try {
    localStorage.setItem(`vigie.${name}`, JSON.stringify(value));
  } catch {
    // private mode or a full disk: it is only a convenience
  }
}
