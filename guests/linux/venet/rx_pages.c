// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page queue of large receive.  Pages are lent one per descriptor, and
 * called by numbers; the host takes them off the queue in order, and names the
 * ones that it used in the frame.  It may keep some for the next one.
 */
#include <linux/slab.h>
#include "enet.h"

int enet_rx_pages_init(struct enet_rx_pages *pages, u32 count)
{
	int ret = enet_ids_init(&pages->ids, count);

	if (ret)
		return ret;
	pages->pages = kvcalloc(count, sizeof(*pages->pages), GFP_KERNEL);
	return pages->pages ? 0 : -ENOMEM;
}

void enet_rx_pages_refill(struct enet *enet, gfp_t gfp)
{
	struct enet_rx_pages *pages = &enet->rx.pages;
	struct ioq_iterator iter;
	struct page *page;
	int id;

	if (ioq_iter_init(pages->ioq, &iter, IOQ_IDX_INUSE, 0) ||
	    ioq_iter_seek(&iter, IOQ_SEEK_TAIL, 0))
		return;
	while (!ioq_full(pages->ioq, IOQ_IDX_INUSE) && ioq_iter_ours(&iter)) {
		id = enet_ids_take(&pages->ids);
		if (id < 0)
			return;
		page = __dev_alloc_page(gfp);
		if (!page) {
			enet->stats.rx_no_page++;
			goto put_id;
		}
		iter.desc->cookie = id;
		iter.desc->ptr = cpu_to_le64(page_to_phys(page));
		iter.desc->len = cpu_to_le64(PAGE_SIZE);
		iter.desc->valid = 1;
		pages->pages[id] = page;
		if (ioq_iter_push(&iter))
			goto put_page;
	}
	return;

put_page:
	pages->pages[id] = NULL;
	__free_page(page);
put_id:
	enet_ids_put(&pages->ids, id);
}

struct page *enet_rx_pages_take(struct enet_rx_pages *pages, u64 id)
{
	struct page *page;

	if (id >= pages->ids.count || !pages->pages[id])
		return NULL;
	page = pages->pages[id];
	pages->pages[id] = NULL;
	enet_ids_put(&pages->ids, id);
	return page;
}

void enet_rx_pages_free(struct enet_rx_pages *pages)
{
	u32 i;

	for (i = 0; pages->pages && i < pages->ids.count; i++) {
		if (pages->pages[i])
			__free_page(pages->pages[i]);
	}
	kvfree(pages->pages);
	pages->pages = NULL;
	enet_ids_free(&pages->ids);
}
