// The page where one signs in. It loads nothing of the console and works while that is not allowed yet.
import "./signin.css";
import { say } from "./dom";
import * as theme from "./theme";

theme.apply();

const form = document.getElementById("form") as HTMLFormElement;
const user = document.getElementById("user") as HTMLInputElement;
const password = document.getElementById("password") as HTMLInputElement;
const words = document.getElementById("words")!;
const button = form.querySelector("button")!;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void signIn();
});
user.focus();

async function signIn(): Promise<void> {
  button.disabled = true;
  say(words, "");
  try {
    const reply = await fetch("./api/session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: user.value, password: password.value }),
    });
    if (reply.ok) {
      location.replace(`./${location.hash}`);
      return;
    }
    const told = (await reply.json()) as { error?: { message?: string } };
    say(words, told.error?.message ?? `The service answered ${reply.status}`);
  } catch {
    say(words, "The service does not answer.");
  }
  button.disabled = false;
  password.value = "";
  password.focus();
}
