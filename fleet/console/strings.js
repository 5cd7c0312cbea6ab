// SPDX-License-Identifier: MIT OR Apache-2.0
// Every word the console shows, in one table. A key missing in one language is an error the
// suite finds. {name} is replaced by a value.

export const strings = {
  en: {
    skip: "Skip to the roll-out",
    signIn: "Sign in",
    signInHelp: "Paste an operator token. It is kept in this tab only.",
    signInFailed: "The server does not know this token.",
    token: "Token",
    signOut: "Sign out",
    linkUp: "Live",
    linkDown: "Connection lost. Trying again in {seconds} s",
    linkConnecting: "Connecting",

    "figure.devices": "Devices",
    "figure.online": "Polled recently",
    "figure.polls": "Polls a second",
    "figure.inFlight": "Updates in flight",

    "role.viewer": "viewer",
    "role.operator": "operator",
    "role.approver": "approver",
    "role.admin": "admin",

    rollout: "Roll-out",
    noRollout: "No roll-out yet",
    noRolloutHelp: "Create one through the API; it appears here by itself.",
    "mode.auto": "Stages open by themselves",
    "mode.manual": "A person opens each stage",
    "rollout.draft": "Draft",
    "rollout.approved": "Approved",
    "rollout.running": "Running",
    "rollout.held": "Held",
    "rollout.paused": "Paused",
    "rollout.stopped": "Stopped",
    "rollout.done": "Done",

    "verb.approve": "Approve",
    "verb.start": "Start",
    "verb.pause": "Pause",
    "verb.resume": "Resume",
    "verb.advance": "Open next stage",
    "verb.stop": "Stop",
    "confirm.approve": "Approve “{name}”? It can be started after that.",
    "confirm.start": "Start “{name}”? Its first stage opens at once.",
    "confirm.pause": "Pause “{name}”? No further device is offered it. Devices that have begun "
      + "finish.",
    "confirm.resume": "Resume “{name}”? The open stage goes on.",
    "confirm.advance": "Open the next stage of “{name}”, whatever the evidence says?",
    "confirm.stop": "Stop “{name}” for good? Open updates are cancelled. It cannot be resumed.",
    reason: "Reason, for the record",
    back: "Back",
    changedMeanwhile: "The roll-out has changed since you looked. Nothing was done; look again.",

    "stage.ahead": "ahead",
    "stage.open": "open",
    "stage.held": "held",
    "stage.passed": "passed",
    "stage.failed": "failed",
    "stage.stopped": "stopped",
    stageSize: "{n} devices",
    soaking: "Good enough; opens the next stage if it stays so for {seconds} s",
    planNeeded: "A pass without a failure needs {n} reports from a stage.",

    "kind.succeeded": "Succeeded",
    "kind.installing": "Installing",
    "kind.downloading": "Downloading",
    "kind.offered": "Offered",
    "kind.failed": "Failed",
    "kind.silent": "Silent",
    "kind.canceled": "Called off",
    "kind.waiting": "Waiting",
    "kindHelp.succeeded": "Reported success",
    "kindHelp.installing": "Has the image and works on it",
    "kindHelp.downloading": "Is fetching the image",
    "kindHelp.offered": "Was given the update and has not begun",
    "kindHelp.failed": "Reported failure",
    "kindHelp.silent": "Was given the update and has not reported in time; counts as failed",
    "kindHelp.canceled": "Was asked to cancel, or has cancelled; says nothing of the software",
    "kindHelp.waiting": "Has not polled since the stage opened",

    failureRate: "Failure rate of the open stage",
    "rate.within": "Within the limit.",
    "rate.above": "Above the limit.",
    "rate.between": "Not enough evidence yet.",
    rateText: "{rate} failed ({failures} of {sample}). Bounds of the true rate, each at "
      + "{confidence} confidence: {lower} and {upper}. Limit {threshold}.",
    rateNone: "No device has reported yet. Limit {threshold}.",
    rateMore: "A pass needs {n} more reports.",
    rateLimit: "limit {threshold}",

    record: "Record",
    recordHelp: "Every decision and every operator's act, newest first",
    recordEmpty: "Nothing yet",
    when: "When",
    who: "Who",
    what: "What",
    why: "Why",

    devices: "Devices",
    search: "Search",
    state: "State",
    anyState: "Any",
    device: "Device",
    running: "Runs",
    lastSeen: "Last seen",
    address: "Address",
    close: "Close",
    lastAction: "Last update: {software}, {state}",
    noAction: "No update yet",
    never: "never",
    noDevice: "No such device",
    devicesShown: "{n} of {total} shown",
    more: "More",
    "device.none": "Idle",
    "device.pending": "Offered",
    "device.running": "Installing",
    "device.download": "Downloading",
    "device.downloaded": "Downloaded",
    "device.canceling": "Asked to cancel",
    "device.finished": "Succeeded",
    "device.error": "Failed",
    "device.canceled": "Cancelled",
    "device.timed_out": "Silent",

    "event.rollout.create": "Created",
    "event.rollout.approve": "Approved",
    "event.rollout.start": "Started",
    "event.rollout.pause": "Paused",
    "event.rollout.resume": "Resumed",
    "event.rollout.advance": "Next stage opened",
    "event.rollout.stop": "Stopped",
    "event.rollout.judge": "Judged",
  },
  "zh-CN": {
    skip: "跳到发布内容",
    signIn: "登录",
    signInHelp: "请粘贴操作员令牌。令牌只保存在此标签页中。",
    signInFailed: "服务器不认识此令牌。",
    token: "令牌",
    signOut: "退出",
    linkUp: "实时",
    linkDown: "连接已断开,{seconds} 秒后重试",
    linkConnecting: "正在连接",

    "figure.devices": "设备",
    "figure.online": "近期轮询过",
    "figure.polls": "每秒轮询",
    "figure.inFlight": "进行中的更新",

    "role.viewer": "查看者",
    "role.operator": "操作员",
    "role.approver": "批准人",
    "role.admin": "管理员",

    rollout: "发布",
    noRollout: "还没有发布",
    noRolloutHelp: "请通过 API 创建发布,它会自动出现在这里。",
    "mode.auto": "各阶段自动开启",
    "mode.manual": "每个阶段由人开启",
    "rollout.draft": "草稿",
    "rollout.approved": "已批准",
    "rollout.running": "进行中",
    "rollout.held": "已搁置",
    "rollout.paused": "已暂停",
    "rollout.stopped": "已停止",
    "rollout.done": "已完成",

    "verb.approve": "批准",
    "verb.start": "开始",
    "verb.pause": "暂停",
    "verb.resume": "继续",
    "verb.advance": "开启下一阶段",
    "verb.stop": "停止",
    "confirm.approve": "批准“{name}”?之后即可开始。",
    "confirm.start": "开始“{name}”?第一阶段会立即开启。",
    "confirm.pause": "暂停“{name}”?不再向其他设备下发,已开始的设备会继续完成。",
    "confirm.resume": "继续“{name}”?当前阶段将继续进行。",
    "confirm.advance": "无论证据如何,都开启“{name}”的下一阶段?",
    "confirm.stop": "永久停止“{name}”?未完成的更新会被取消,且不能再继续。",
    reason: "原因(写入记录)",
    back: "返回",
    changedMeanwhile: "您查看之后该发布已有变化。未执行任何操作,请重新查看。",

    "stage.ahead": "未开启",
    "stage.open": "已开启",
    "stage.held": "已搁置",
    "stage.passed": "已通过",
    "stage.failed": "未通过",
    "stage.stopped": "已停止",
    stageSize: "{n} 台设备",
    soaking: "已达标;若再保持 {seconds} 秒,将开启下一阶段",
    planNeeded: "没有失败时,一个阶段需要 {n} 份报告才能通过。",

    "kind.succeeded": "成功",
    "kind.installing": "安装中",
    "kind.downloading": "下载中",
    "kind.offered": "已下发",
    "kind.failed": "失败",
    "kind.silent": "无回音",
    "kind.canceled": "已撤回",
    "kind.waiting": "等待中",
    "kindHelp.succeeded": "已报告成功",
    "kindHelp.installing": "已取得镜像,正在处理",
    "kindHelp.downloading": "正在获取镜像",
    "kindHelp.offered": "已收到更新,尚未开始",
    "kindHelp.failed": "已报告失败",
    "kindHelp.silent": "已收到更新但未按时报告,按失败计",
    "kindHelp.canceled": "已被要求取消或已取消,不说明软件好坏",
    "kindHelp.waiting": "阶段开启后尚未轮询",

    failureRate: "当前阶段的失败率",
    "rate.within": "在限值之内。",
    "rate.above": "超过限值。",
    "rate.between": "证据尚不足。",
    rateText: "失败 {rate}({sample} 台中 {failures} 台)。真实失败率的下限与上限(各为 "
      + "{confidence} 置信度):{lower} 与 {upper}。限值 {threshold}。",
    rateNone: "尚无设备报告。限值 {threshold}。",
    rateMore: "还需 {n} 份报告才能通过。",
    rateLimit: "限值 {threshold}",

    record: "记录",
    recordHelp: "每项决定和每次操作,最新的在前",
    recordEmpty: "暂无",
    when: "时间",
    who: "操作者",
    what: "事项",
    why: "原因",

    devices: "设备",
    search: "搜索",
    state: "状态",
    anyState: "全部",
    device: "设备",
    running: "当前版本",
    lastSeen: "最近联系",
    address: "地址",
    close: "关闭",
    lastAction: "最近一次更新:{software},{state}",
    noAction: "还没有更新",
    never: "从未",
    noDevice: "没有符合条件的设备",
    devicesShown: "显示 {n} / {total}",
    more: "更多",
    "device.none": "空闲",
    "device.pending": "已下发",
    "device.running": "安装中",
    "device.download": "下载中",
    "device.downloaded": "已下载",
    "device.canceling": "已要求取消",
    "device.finished": "成功",
    "device.error": "失败",
    "device.canceled": "已取消",
    "device.timed_out": "无回音",

    "event.rollout.create": "已创建",
    "event.rollout.approve": "已批准",
    "event.rollout.start": "已开始",
    "event.rollout.pause": "已暂停",
    "event.rollout.resume": "已继续",
    "event.rollout.advance": "已开启下一阶段",
    "event.rollout.stop": "已停止",
    "event.rollout.judge": "已评判",
  },
};

const KEY = "sennit.language";
let current = "en";

export const language = () => current;

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
  current = name in strings ? name : "en";
  if (remember) localStorage.setItem(KEY, current);
  document.documentElement.lang = current;
  return current;
}

export function t(key, values = {}) {
  const text = strings[current][key];
  if (text === undefined) throw new Error(`no string "${key}" in ${current}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** A string whose key is built from a word of the server: the bare word if it is a new one. */
export function word(prefix, value) {
  return strings[current][`${prefix}.${value}`] ?? String(value);
}

export const count = (n) => new Intl.NumberFormat(current).format(n);
export const rate = (n) =>
  new Intl.NumberFormat(current, { maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);
export const percent = (fraction) =>
  new Intl.NumberFormat(current, { style: "percent", maximumFractionDigits: 2 }).format(fraction);

/** Local time for reading; the UTC form goes in the title and in datetime. */
export const time = (ms) =>
  new Intl.DateTimeFormat(current, { dateStyle: "short", timeStyle: "medium" }).format(ms);
export const utc = (ms) => new Date(ms).toISOString().replace(".000", "");

/** Fills every element that carries data-t. */
export function translatePage(root = document) {
  for (const element of root.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
}
