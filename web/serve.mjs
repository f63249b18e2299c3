// Serves the page for a look: `make web-serve PORT=8000`.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const page = new URL("dist/index.html", import.meta.url);

/** A server for the page alone. */
export function serve(port = 0) {
  const server = createServer(async (request, response) => {
    if (request.url !== "/" && request.url !== "/index.html") {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(await readFile(page));
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const server = await serve(Number(process.env.PORT ?? 8000));
  console.log(`http://127.0.0.1:${server.address().port}/`);
}
