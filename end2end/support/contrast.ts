// How well what is written can be read: the contrast of each text with what it stands on, as the page computes them.

import type { Page } from "@playwright/test";

/** Every visible text whose contrast is less than 4.5, with its ratio. What a gradient gives counts by its stops. */
export const unreadable = (page: Page, least = 4.5): Promise<string[]> =>
  page.evaluate((least) => {
    type Color = [number, number, number, number];
    const parse = (text: string): Color => {
      // What is mixed is told in parts of one.
      const whole = text.startsWith("color(srgb") ? 255 : 1;
      const [r, g, b, a] = (text.match(/[\d.]+/g) ?? ["0", "0", "0", "0"]).map(Number);
      return [r * whole, g * whole, b * whole, a ?? 1];
    };
    const over = (below: Color, [r, g, b, a]: Color, opacity: number): Color => {
      const part = a * opacity;
      const mix = (one: number, other: number) => one + (other - one) * part;
      return [mix(below[0], r), mix(below[1], g), mix(below[2], b), 1];
    };
    const light = ([r, g, b]: Color) => {
      const [x, y, z] = [r, g, b].map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ratio = (one: Color, other: Color) => {
      const [a, b] = [light(one), light(other)];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };
    /** What stands behind an element, at its darkest and its lightest, and how opaque the element is. */
    const behind = (element: Element): { grounds: Color[]; opacity: number } => {
      const line: Element[] = [];
      for (let at: Element | null = element; at; at = at.parentElement) {
        line.unshift(at);
        // What is in the top layer stands on its own ground.
        if (at.matches("dialog[open]")) break;
      }
      let grounds: Color[] = [[11, 11, 20, 1]];
      let opacity = 1;
      for (const at of line) {
        const style = getComputedStyle(at);
        opacity *= Number(style.opacity);
        const plain = parse(style.backgroundColor);
        grounds = grounds.map((ground) => over(ground, plain, opacity));
        const stops = (style.backgroundImage.match(/rgba?\([^)]*\)/g) ?? []).map(parse);
        if (stops.length > 0) grounds = [...grounds, ...grounds.flatMap((ground) => stops.map((stop) => over(ground, stop, opacity)))];
        grounds.sort((one, other) => light(one) - light(other));
        grounds = [grounds[0], grounds[grounds.length - 1]];
      }
      return { grounds, opacity };
    };
    const told = new Set<string>();
    const check = (element: Element, pseudo: string | null, text: string) => {
      const color = parse(getComputedStyle(element, pseudo).color);
      const { grounds, opacity } = behind(element);
      const worst = Math.min(...grounds.map((ground) => ratio(over(ground, color, opacity), ground)));
      if (worst < least) told.add(`${worst.toFixed(2)} ${element.tagName.toLowerCase()}.${element.className}${pseudo ?? ""}: ${text.trim().slice(0, 40)}`);
    };
    const dialog = [...document.querySelectorAll("dialog[open]")].pop();
    for (const element of (dialog ?? document.body).querySelectorAll("*")) {
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      if (element.matches(".unseen, .unseen *, option, script, style, :disabled, canvas, .figures .state")) continue;
      const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.textContent!.trim() !== "");
      if (own.length > 0 || element.matches("select")) check(element, null, own.map((node) => node.textContent).join(" ") || "choice");
      for (const pseudo of ["::before", "::after"]) {
        const { content, display } = getComputedStyle(element, pseudo);
        if (display !== "none" && /^".*\S.*"$/.test(content)) check(element, pseudo, content);
      }
      if (element instanceof HTMLInputElement && element.placeholder && !element.value) check(element, "::placeholder", element.placeholder);
    }
    return [...told];
  }, least);
