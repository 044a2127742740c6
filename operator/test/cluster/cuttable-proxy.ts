import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy before the API server, to be cut. TLS goes through it untouched. */
export class CuttableProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #mode: "through" | "refuse" | "hang" = "through";

  constructor(target: URL) {
    this.#server = createServer((near) => {
      this.#hold(near);
      if (this.#mode === "refuse") return void near.destroy();
      if (this.#mode === "hang") return;
      const far = connect(Number(target.port), target.hostname);
      this.#hold(far);
      near.pipe(far).pipe(near);
      near.once("close", () => far.destroy());
      far.once("close", () => near.destroy());
    });
  }

  static async before(server: string): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(new URL(server));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get address(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks what is open and refuses what comes. */
  cut(): void {
    this.#mode = "refuse";
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Takes what comes and never answers, and goes silent on what is open. */
  hang(): void {
    this.#mode = "hang";
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  restore(): void {
    this.#mode = "through";
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
