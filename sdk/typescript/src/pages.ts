/**
 * Iterating over lists page by page.
 * Which lists there are is the contract's affair.
 */

import type { CallOptions } from "./transport.js";

interface Page {
  nextPageToken: string;
}

/**
 * Iterate over every item of a list; pages are fetched as the loop needs them.
 *
 *     for await (const order of pages(grid.trading.listOrders, { market: "m" }, (page) => page.orders))
 */
export async function* pages<Request extends object, Response extends Page, Item>(
  list: (request: Request, options?: CallOptions) => Promise<Response>,
  request: Request,
  items: (page: Response) => readonly Item[],
  options: CallOptions = {},
): AsyncGenerator<Item> {
  let pageToken = "";
  do {
    const page = await list({ ...request, pageToken }, options);
    yield* items(page);
    pageToken = page.nextPageToken;
  } while (pageToken);
}
