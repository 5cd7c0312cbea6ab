// SPDX-License-Identifier: MIT OR Apache-2.0
// Start: token, language, sign-in, and which parts of the page are shown.

import * as api from "./api.js";
import { $ } from "./dom.js";
import { chooseLanguage, setLanguage, t, translatePage } from "./strings.js";

function show(signedIn) {
  $("signin").hidden = signedIn;
  $("main").hidden = !signedIn;
  $("signout").hidden = !signedIn;
  if (!signedIn) $("token").focus();
}

function signOut(message = "") {
  api.forgetToken();
  $("signin-error").textContent = message;
  show(false);
}

async function signIn() {
  try {
    await api.get("/server");
    show(true);
  } catch (error) {
    signOut(error.status === 401 ? t("signInFailed") : error.message);
  }
}

$("signin").addEventListener("submit", (event) => {
  event.preventDefault();
  api.setToken($("token").value.trim());
  $("token").value = "";
  signIn();
});
$("signout").addEventListener("click", () => signOut());
$("language").addEventListener("change", (event) => {
  setLanguage(event.target.value);
  translatePage();
});

$("language").value = chooseLanguage();
translatePage();
api.takeTokenFromAddress();
if (api.token()) signIn();
else show(false);
