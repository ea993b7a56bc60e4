// What is put into the page before it begins. Each function is handed over as text: everything it needs is inside.

import type { Page } from "@playwright/test";

/** What the page told the server of one event. */
export type Sample = { at: number; late_ms: number; missed: boolean };
/** A frame in which the stage was drawn. */
export type Frame = { at: number; work_ms: number; calls: number };
/** An event on its way: when the page had it and when it was on the canvas, milliseconds after the bus took it. */
export type Journey = { at: number; heard_ms: number; painted_ms: number };
/** How smooth the page was. */
export type Smoothness = { longest_ms: number; frames: number; gaps_over_100: number; long_frames: number[]; observed: boolean };

/** Keeps the samples that the page reports to the server. */
export function probeSeen(page: Page): Promise<void> {
  return page.addInitScript(() => {
    const samples: Sample[] = [];
    (window as any).__seen = samples;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
      if (typeof data === "string" && data.includes('"seen"')) {
        const at = performance.now();
        for (const { late_ms, missed } of JSON.parse(data).samples) samples.push({ at, late_ms, missed });
      }
      send.call(this, data);
    };
  });
}

/** Counts, of each frame in which the stage is drawn, the page's own work and its calls into WebGL. */
export function probeFrames(page: Page): Promise<void> {
  return page.addInitScript(() => {
    const frames: Frame[] = [];
    (window as any).__frames = frames;
    let [calls, draws] = [0, 0];
    const methods = WebGL2RenderingContext.prototype as any;
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(methods)) as [string, PropertyDescriptor][]) {
      if (typeof value !== "function" || name === "constructor") continue;
      const draws_something = name.startsWith("draw") ? 1 : 0;
      methods[name] = function (...all: unknown[]) {
        calls += 1;
        draws += draws_something;
        return value.apply(this, all);
      };
    }
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) =>
      ask((now) => {
        [calls, draws] = [0, 0];
        const at = performance.now();
        callback(now);
        if (draws > 0) frames.push({ at, work_ms: performance.now() - at, calls });
      });
  });
}

/** Follows every event from the bus to the canvas. Server and page are on one machine, and have its clock. */
export function probeJourneys(page: Page): Promise<void> {
  return page.addInitScript(() => {
    const journeys: Journey[] = [];
    (window as any).__journeys = journeys;
    let under_way: [emitted: number, heard: number][] = [];
    const unix = () => performance.timeOrigin + performance.now();
    window.WebSocket = class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        this.addEventListener("message", ({ data }) => {
          const emitted = /"emitted_at":([\d.]+)/.exec(data);
          if (emitted && data.startsWith('{"spell_name"')) under_way.push([Number(emitted[1]), unix()]);
        });
      }
    };
    let drawn = false;
    const methods = WebGL2RenderingContext.prototype as any;
    for (const name of ["drawArrays", "drawElements", "drawArraysInstanced", "drawElementsInstanced"]) {
      const draw = methods[name];
      methods[name] = function (...all: unknown[]) {
        drawn = true;
        return draw.apply(this, all);
      };
    }
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) =>
      ask((now) => {
        drawn = false;
        callback(now);
        if (!drawn) return;
        const [at, painted] = [performance.now(), unix()];
        for (const [emitted, heard] of under_way) journeys.push({ at, heard_ms: heard - emitted, painted_ms: painted - emitted });
        under_way = [];
      });
  });
}

/** Notes the gaps between frames and the long ones among them; keeps nothing of the others. */
export function probeSmoothness(page: Page): Promise<void> {
  return page.addInitScript(() => {
    const fresh = () => ({ longest_ms: 0, frames: 0, gaps_over_100: 0, long_frames: [] as number[], observed: false });
    const smoothness = { ...fresh(), reset: () => Object.assign(smoothness, fresh(), { observed: smoothness.observed }) };
    (window as any).__smoothness = smoothness;
    let last = performance.now();
    const look = (now: number) => {
      const gap = now - last;
      last = now;
      smoothness.frames += 1;
      smoothness.longest_ms = Math.max(smoothness.longest_ms, gap);
      if (gap > 100) smoothness.gaps_over_100 += 1;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    if (!PerformanceObserver.supportedEntryTypes.includes("long-animation-frame")) return;
    smoothness.observed = true;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) if (duration > 100) smoothness.long_frames.push(duration);
    }).observe({ type: "long-animation-frame" });
  });
}

/** Keeps hold of the memory of WebAssembly. */
export function probeMemory(page: Page): Promise<void> {
  return page.addInitScript(() => {
    const keep = (made: any) => {
      const { exports } = made.instance ?? made;
      if (exports.memory) (window as any).__memory = exports.memory;
      return made;
    };
    const { instantiate, instantiateStreaming } = WebAssembly as any;
    WebAssembly.instantiate = (...all: unknown[]) => instantiate(...all).then(keep);
    WebAssembly.instantiateStreaming = (...all: unknown[]) => instantiateStreaming(...all).then(keep);
  });
}

/** Notes when the page was connected, milliseconds after it was asked for. */
export function probeLive(page: Page): Promise<void> {
  return page.addInitScript(() => {
    const look = () => {
      const link = document.querySelector("[data-testid=link-state]");
      if (link?.getAttribute("data-state") === "live") (window as any).__live = performance.now();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}
