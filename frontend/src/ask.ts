// Asking the service for something beside the live link. What goes wrong comes as an Error with a sentence for people.
import { signIn } from "./session";

/** The JSON at an address of the service. */
export async function ask<T>(path: string): Promise<T> {
  let reply: Response;
  try {
    reply = await fetch(path);
  } catch {
    throw new Error("the service cannot be reached");
  }
  if (reply.status === 401) signIn();
  if (!reply.ok) throw new Error(await why(reply));
  return (await reply.json()) as T;
}

/** What a refusal says of itself, without its full stop. */
export async function why(reply: Response): Promise<string> {
  const told = (await reply.json().catch(() => null)) as { error?: { message?: string } } | null;
  return (told?.error?.message ?? `the service answered ${reply.status}`).replace(/\.$/, "");
}
