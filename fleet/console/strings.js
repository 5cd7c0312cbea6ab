// SPDX-License-Identifier: MIT OR Apache-2.0
// Every word the console shows, in one table. A key missing in one language is an error the
// suite finds. {name} is replaced by a value.

export const strings = {
  en: {
    skip: "Skip to the roll-out",
    language: "Language",
    signIn: "Sign in",
    signInHelp: "Paste an operator token. It is kept in this tab only.",
    signInFailed: "The server does not know this token.",
    token: "Token",
    signOut: "Sign out",
    linkUp: "Live",
    linkDown: "Connection lost. Trying again in {seconds} s",
    linkConnecting: "Connecting",
  },
  "zh-CN": {
    skip: "跳到发布内容",
    language: "语言",
    signIn: "登录",
    signInHelp: "请粘贴操作员令牌。令牌只保存在此标签页中。",
    signInFailed: "服务器不认识此令牌。",
    token: "令牌",
    signOut: "退出",
    linkUp: "实时",
    linkDown: "连接已断开,{seconds} 秒后重试",
    linkConnecting: "正在连接",
  },
};

const KEY = "sennit.language";
let language = "en";

/** The language chosen before, else the browser's first one that we have. */
export function chooseLanguage() {
  const wanted = [localStorage.getItem(KEY), ...navigator.languages].filter(Boolean);
  for (const want of wanted) {
    const found = Object.keys(strings).find(
      (have) => have === want || have.split("-")[0] === want.split("-")[0]);
    if (found) return setLanguage(found, false);
  }
  return setLanguage("en", false);
}

export function setLanguage(name, remember = true) {
  language = name in strings ? name : "en";
  if (remember) localStorage.setItem(KEY, language);
  document.documentElement.lang = language;
  return language;
}

export function t(key, values = {}) {
  const text = strings[language][key];
  if (text === undefined) throw new Error(`no string "${key}" in ${language}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** A string whose key is built from a word of the server: the bare word if it is a new one. */
export function word(prefix, value) {
  return strings[language][`${prefix}.${value}`] ?? String(value);
}

export const count = (n) => new Intl.NumberFormat(language).format(n);
export const rate = (n) =>
  new Intl.NumberFormat(language, { maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);
export const percent = (fraction) =>
  new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 2 }).format(fraction);

/** Local time for reading; the UTC form goes in the title and in datetime. */
export const time = (ms) =>
  new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "medium" }).format(ms);
export const utc = (ms) => new Date(ms).toISOString().replace(".000", "");

/** Fills every element that carries data-t. */
export function translatePage(root = document) {
  for (const element of root.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
}
