// Who has signed in. Everything that changes something carries the session's token, which no other site can know.

/** Close code of a WebSocket whose session has ended. */
export const SIGN_IN = 4401;

export interface Session {
  user: string;
  role: string;
  may: string[];
  sign_in: boolean;
  csrf: string | null;
}

let known: Session | null = null;

export async function who(): Promise<Session | null> {
  try {
    const reply = await fetch("./api/session");
    if (reply.status === 401) signIn();
    if (reply.ok) known = (await reply.json()) as Session;
  } catch {
    // no link: the live connection notices it and says so
  }
  return known;
}

/** Whether the role of who has signed in allows this. */
export function may(what: string): boolean {
  return known?.may.includes(what) ?? false;
}

/** A request that changes something, with the session's token. */
export function change(path: string, method: "POST" | "PUT" | "DELETE", body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (known?.csrf) headers["X-CSRF-Token"] = known.csrf;
  return fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

export async function leave(): Promise<void> {
  await change("./api/session", "DELETE");
  signIn();
}

/** To the page where one signs in; what was open is open again afterwards. */
export function signIn(): void {
  location.assign(`./signin.html${location.hash}`);
}
