// Compares two folders of built files byte for byte; compressed files by what they hold, because zlib differs by version.
import { readFileSync, readdirSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const [built, kept] = process.argv.slice(2);
const names = [...new Set([...readdirSync(built), ...readdirSync(kept)])].sort();

function read(folder, name) {
  try {
    const data = readFileSync(`${folder}/${name}`);
    return name.endsWith(".gz") ? gunzipSync(data) : data;
  } catch {
    return null;
  }
}

const different = names.filter((name) => {
  const [a, b] = [read(built, name), read(kept, name)];
  return a === null || b === null || !a.equals(b);
});
for (const name of different) console.error(`${kept}/${name} is not what frontend/ gives: run make web`);
if (!different.length) console.log(`${names.length} files are as frontend/ gives them`);
process.exit(different.length ? 1 : 0);
