// The local server in a process of its own, and servers on loopback whose answers the tests write.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const root = new URL("../../../", import.meta.url);
/** The interpreter that has the service's packages. */
const PYTHON = process.env["PYTHON"] ?? new URL(".venv/bin/python", root).pathname;

/** Returns a photo of the repository as base64. */
export function readPhoto(path: string): string {
  return readFileSync(new URL(path, root)).toString("base64");
}

/** A grey picture without a face, as a BMP. */
export function greyPicture(): Buffer {
  const side = 96;
  const file = Buffer.alloc(54 + side * side * 3, 0x80);
  file.fill(0, 0, 54).write("BM");
  file.writeUInt32LE(file.length, 2);
  for (const [offset, value] of [[10, 54], [14, 40], [18, side], [22, side]] as const) {
    file.writeUInt32LE(value, offset);
  }
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  return file;
}

/** Returns a port of loopback that nobody listens to. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await close(server);
  return port;
}

/** The real local server. */
export class LocalServer {
  readonly url: string;
  readonly #process: ChildProcess;
  #output = "";

  /** Starts it and returns at once: it does not answer yet. */
  constructor(port: number, environment: Record<string, string> = {}) {
    this.url = `http://127.0.0.1:${port}`;
    this.#process = spawn(PYTHON, ["-m", "functions.local"], {
      cwd: root,
      env: {
        ...process.env,
        FACE_MODEL: "mobilefacenet",
        HOST: "127.0.0.1",
        PORT: String(port),
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on("data", (part: Buffer) => (this.#output += part.toString()));
    }
  }

  /** Starts it and waits until it answers, whatever it answers. */
  static async start(environment: Record<string, string> = {}): Promise<LocalServer> {
    const server = new LocalServer(await freePort(), environment);
    for (let tries = 0; tries < 600; tries++) {
      try {
        await fetch(`${server.url}/api/v1/health`);
        return server;
      } catch {
        if (server.#process.exitCode !== null) {
          break;
        }
        await sleep(50);
      }
    }
    await server.stop();
    throw new Error(`The local server did not start:\n${server.#output}`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill("SIGTERM");
      await once(this.#process, "exit");
    }
  }
}

type Reply = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server that answers as a test says. */
export class ScriptedServer {
  /** The requests, in the order in which they came. */
  readonly requests: { path: string; headers: IncomingMessage["headers"]; at: number }[] = [];
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(reply: Reply): Promise<ScriptedServer> {
    const server = createServer((request, response) => {
      request.resume();
      request.on("end", () => {
        const { url: path = "", headers } = request;
        started.requests.push({ path, headers, at: performance.now() });
        reply(request, response, started.requests.length);
      });
    });
    const started = new ScriptedServer(server, await listen(server));
    return started;
  }

  /** Stops it, unless it is stopped already. */
  async stop(): Promise<void> {
    if (this.#server.listening) {
      this.#server.closeAllConnections();
      await close(this.#server);
    }
  }
}

/** Answers with JSON, or with a text as it is. */
export function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

/** The body of an error. */
export function errorBody(code: string): unknown {
  return { error: { code, message: "A sentence.", details: null } };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}
