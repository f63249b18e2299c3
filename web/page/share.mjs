// Links that carry their texts: compressed, behind the `#`, which browsers do not send.

/** The tasks that have an address. */
export const TASKS = ["try", "migrate", "suggest"];

async function through(bytes, transform) {
  const stream = new Blob([bytes]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The fragment of a task and its texts: `#try/…` */
export async function fragment(task, state) {
  const bytes = await through(JSON.stringify(state), new CompressionStream("deflate-raw"));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `#${task}/${text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}`;
}

/** The task of a fragment, and its texts if it carries some. */
export async function opened(hash) {
  const [task, text] = hash.replace(/^#/, "").split("/", 2);
  if (!TASKS.includes(task)) {
    return { task: "try" };
  }
  if (!text) {
    return { task };
  }
  try {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(plain, (character) => character.charCodeAt(0));
    const json = await through(bytes, new DecompressionStream("deflate-raw"));
    return { task, state: JSON.parse(new TextDecoder().decode(json)) };
  } catch {
    return { task, broken: true };
  }
}
