/** The text of a file, as vitest imports it: tests read files this way, so that nothing in a package that runs in a browser sees Node's types. */
declare module '*?raw' {
  const text: string;
  export default text;
}
